/** Counts what was checked and keeps what failed: all of a test framework that every runtime can have. */
export class Checks {
  passed = 0
  /** @type {string[]} */
  failed = []

  /** Checks that something holds. */
  ok(name, holds, detail = '') {
    if (holds) this.passed++
    else this.failed.push(detail ? `${name}: ${detail}` : name)
  }

  /** Checks that two primitive values are the same. */
  equal(name, actual, expected) {
    this.ok(name, Object.is(actual, expected), `got ${show(actual)}, expected ${show(expected)}`)
  }

  /** Checks that two numbers are the same but for what summing in another order may change. */
  near(name, actual, expected) {
    this.ok(name, Math.abs(actual - expected) <= 1e-9, `got ${actual}, expected ${expected}`)
  }

  /** Checks that a call throws (or its promise is rejected with) an error of a class that says something. */
  async throws(name, call, errorClass, says) {
    try {
      await call()
    } catch (error) {
      const right = error instanceof errorClass && says.test(error.message)
      this.ok(name, right, `threw ${error}, expected ${errorClass.name} saying ${says}`)
      return
    }
    this.ok(name, false, 'threw nothing')
  }

  /** Runs a part of the suite; what it throws is a failure of that part and not the end of the others. */
  async part(name, run) {
    try {
      await run()
    } catch (error) {
      this.failed.push(`${name} threw ${error?.stack ?? error}`)
    }
  }
}

function show(value) {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
