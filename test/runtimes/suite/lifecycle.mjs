/** Errors, growth, sweeping by the timer, and closing. */

/** Whatever is wrong is said, and changes nothing. */
export async function checkErrors(checks, { loadLimiter, manualClock }) {
  await checks.throws('limit: 0', () => loadLimiter({ limit: 0 }), RangeError, /limit must be a whole number/)
  await checks.throws('limit: NaN', () => loadLimiter({ limit: Number.NaN }), RangeError, /limit.*NaN/)
  await checks.throws('limit: "5"', () => loadLimiter({ limit: '5' }), TypeError, /limit.*"5"/)
  await checks.throws('a misspelt option', () => loadLimiter({ limits: 5 }), TypeError, /no option "limits"/)
  await checks.throws('onFull: "drop"', () => loadLimiter({ onFull: 'drop' }), RangeError, /onFull.*'evict'/)
  await checks.throws('a module that is none', () => loadLimiter({ module: {} }), TypeError, /WebAssembly\.Module/)
  await checks.throws('no finite time', () => loadLimiter({ clock: () => Number.NaN }), Error, /clock.*NaN/)

  const clock = manualClock()
  const limiter = await loadLimiter({ clock, sweepIntervalMs: 0 })
  await checks.throws('an id that is a number', () => limiter.isAllowed(7), TypeError, /userId must be a string, not 7/)
  await checks.throws('cost: 1.5', () => limiter.check('a', 1.5), RangeError, /cost/)
  await checks.throws('cost: 151', () => limiter.isAllowed('a', 151), RangeError, /cost.*150/)
  await checks.throws('clock.advance(NaN)', () => clock.advance(Number.NaN), RangeError, /manualClock/)
  checks.equal('errors left no user', limiter.stats().users, 0)
  checks.equal('errors counted as no request', limiter.stats().allowed + limiter.stats().denied, 0)
  limiter.close()
}

/** More rings are borrowed than were reserved: memory grows, its views are detached, and the answers stay right. */
export async function checkGrowth(checks, { loadLimiter, manualClock }) {
  const users = 5000
  const limiter = await loadLimiter({ maxUsers: users + 1, burst: false, clock: manualClock(), sweepIntervalMs: 0 })
  let wrong = 0
  for (let round = 0; round < 52; round++) {
    for (let user = 0; user < users; user++) {
      if (limiter.isAllowed(`user_${user}`) !== round < 50) wrong++
    }
  }
  const stats = limiter.stats()
  checks.equal('wrong answers while memory grew', wrong, 0)
  checks.ok('memory did grow in a decision', stats.forcedGrowths > 0, JSON.stringify(stats))
  checks.equal('no user was lost', stats.users, users)
  checks.equal('wide ids after growth', limiter.isAllowed('世界') && limiter.check('世界').remaining, 48)
  limiter.close()
}

/** The table is full of users who are not stale: newcomers are treated as the option says. */
export async function checkFull(checks, { loadLimiter, manualClock }) {
  const answers = { evict: true, deny: false, allow: true }
  for (const [onFull, answer] of Object.entries(answers)) {
    const limiter = await loadLimiter({ maxUsers: 100, onFull, clock: manualClock(), sweepIntervalMs: 0 })
    for (let user = 0; user < 100; user++) limiter.isAllowed(`user_${user}`)
    checks.equal(`a newcomer to a full table, ${onFull}`, limiter.isAllowed('newcomer'), answer)
    checks.equal(`users of a full table, ${onFull}`, limiter.stats().users, 100)
    checks.equal(`evicted from a full table, ${onFull}`, limiter.stats().evicted, onFull === 'evict' ? 1 : 0)
    limiter.close()
  }
}

/** A core compiled by the user serves as well as the one that is part of the package. */
export async function checkModule(checks, { loadLimiter, manualClock, loadModule }) {
  if (!loadModule) return
  const module = await loadModule()
  const limiter = await loadLimiter({ module, limit: 2, burst: false, clock: manualClock(), sweepIntervalMs: 0 })
  const answers = [1, 2, 3].map(() => limiter.isAllowed('a')).join()
  checks.equal('answers of a core compiled by the user', answers, 'true,true,false')
  limiter.close()
}

/** The synchronous twin makes limiters of the same rules, of its own and of a module, and says the same errors. */
export async function checkTwin(checks, { createLimiter, loadLimiter, manualClock, loadModule }) {
  const clock = manualClock()
  const options = { limit: 3, windowMs: 100, burst: { capacity: 2 }, clock, sweepIntervalMs: 0 }
  const twins = [createLimiter(options), await loadLimiter(options)]
  if (loadModule) twins.push(createLimiter({ ...options, module: await loadModule() }))
  for (const wait of [0, 0, 0, 0, 1500, 0, 0, 0, 0, 60, 40, 1, 5000, 0]) {
    clock.advance(wait)
    const answers = twins.map((limiter) => JSON.stringify(limiter.check('a')))
    for (const answer of answers.slice(1))
      checks.equal(`createLimiter and loadLimiter after ${wait} ms`, answers[0], answer)
  }
  checks.equal('a limit of its own brings no tokens', admitted(createLimiter({ limit: 3, clock })), 3)
  checks.equal('a window of its own brings no tokens', admitted(createLimiter({ windowMs: 100, clock })), 50)
  checks.equal('neither brings tokens', admitted(createLimiter({ clock })), 53)
  await checks.throws('createLimiter: limit: 0', () => createLimiter({ limit: 0 }), RangeError, /limit must be a whole/)
  for (const limiter of twins) limiter.close()

  /** How many of 200 requests are admitted three seconds after loading. */
  function admitted(limiter) {
    clock.advance(3000)
    let count = 0
    for (let i = 0; i < 200; i++) if (limiter.isAllowed('a')) count++
    limiter.close()
    return count
  }
}

/** On the platform's own clock and timer, stale users go by themselves. */
export async function checkSweeping(checks, { loadLimiter }) {
  const limiter = await loadLimiter({ windowMs: 20, burst: false, sweepIntervalMs: 20 })
  const users = 2000
  for (let user = 0; user < users; user++) limiter.isAllowed(`user_${user}`)
  const gone = await until(() => limiter.stats().users === 0)
  checks.ok('the timer swept all stale users', gone, JSON.stringify(limiter.stats()))
  checks.equal('swept', limiter.stats().swept, users)
  limiter.close()
}

/** A closed limiter says so, and closing twice is no harm. */
export async function checkClosing(checks, { loadLimiter, manualClock }) {
  const open = await loadLimiter({ clock: manualClock() })
  const limiter = await loadLimiter({ clock: manualClock() })
  limiter.isAllowed('a')
  limiter.close()
  limiter.close()
  const calls = {
    isAllowed: () => limiter.isAllowed('a'),
    check: () => limiter.check('a'),
    peek: () => limiter.peek('a'),
    getBurstAllowance: () => limiter.getBurstAllowance('a'),
    reset: () => limiter.reset('a'),
    sweep: () => limiter.sweep(),
    stats: () => limiter.stats(),
  }
  for (const [name, call] of Object.entries(calls)) {
    await checks.throws(`${name} of a closed limiter`, call, Error, /closed/)
  }
  checks.equal('another limiter goes on', open.isAllowed('a'), true)
  if (Symbol.dispose) open[Symbol.dispose]()
  else open.close()
  await checks.throws('disposed', () => open.isAllowed('a'), Error, /closed/)
}

/** Waits until something holds: true, or false after ten seconds. */
async function until(holds) {
  for (let waited = 0; waited < 10_000; waited += 10) {
    if (holds()) return true
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return false
}
