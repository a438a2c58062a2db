/**
 * Checks of what callers pass in: the one place that words what was given and what is accepted.
 */

/** What a number may be, both ends included. */
export interface Range {
  readonly from: number
  readonly to: number
  readonly whole?: boolean
}

/**
 * Checks a number.
 *
 * @param of what the message puts before the name
 * @throws {TypeError} if it is none
 * @throws {RangeError} if it is out of range
 */
export function checkNumber(name: string, value: unknown, { from, to, whole = false }: Range, of = ''): number {
  // The message is made only where it is wanted: requests are checked by this.
  const isNumber = typeof value === 'number'
  if (isNumber && value >= from && value <= to && !(whole && !Number.isInteger(value))) return value
  const message = `${of}${name} must be ${whole ? 'a whole' : 'a'} number from ${from} to ${to}, not ${describe(value)}`
  throw isNumber ? new RangeError(message) : new TypeError(message)
}

/**
 * Checks that a value is an object that has no other own properties than those known.
 *
 * @throws {TypeError} if not
 */
export function checkNames(what: string, given: unknown, known: readonly string[]): void {
  // By its tag: an array or a Map has no options for own properties, and would pass for one without any. That of a plain object
  // need not be asked for, which is slow beside a decision.
  if (Object.getPrototypeOf(given ?? 0) !== Object.prototype && tagOf(given) !== 'Object') {
    throw new TypeError(`${what} must be an object, not ${describe(given)}`)
  }
  for (const name of Object.keys(given as object)) {
    if (!known.includes(name)) {
      throw new TypeError(`${what}: there is no option ${describe(name)}; there are ${known.join(', ')}`)
    }
  }
}

/**
 * Checks the id of a user.
 *
 * @throws {TypeError} if it is not a string
 */
export function checkId(id: unknown, name = 'userId'): void {
  if (typeof id !== 'string') throw new TypeError(`${name} must be a string, not ${describe(id)}`)
}

/** The type that a value says it has, whatever realm it is of: `Object`, `Map`, `WebAssembly.Module`. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

/**
 * Checks that an option is left out, or has a type.
 *
 * @param tag the type that it says it has: by that, since a module of another realm (a test runner's, a frame's) is no
 *   instance of this one's class
 * @throws {TypeError} if not
 */
export function checkTag(name: string, value: unknown, tag: string): void {
  if (value !== undefined && tagOf(value) !== tag)
    throw new TypeError(`${name} must be a ${tag}, not ${describe(value)}`)
}

/** Says what a value is, for messages: short, whatever it is. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  switch (typeof value) {
    case 'string':
      return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value)
    case 'object':
      return `an object of type ${tagOf(value)}`
    case 'function':
    case 'bigint':
    case 'symbol':
      return `a ${typeof value}`
    default:
      return String(value)
  }
}
