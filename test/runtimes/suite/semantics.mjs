/** The rules: the oracle's answers to a trace, and what can be said of one user without it. */

/** Asks the requests of a trace, with a sweep now and then, which must change no answer. */
export async function checkTrace(checks, { loadLimiter, manualClock }, trace) {
  for (const { rules, steps } of trace.cases) {
    const { limit, windowMs, capacity, refillPerSecond } = rules
    const clock = manualClock(1000)
    const limiter = await loadLimiter({
      limit,
      windowMs,
      burst: { capacity, refillPerSecond },
      sweepIntervalMs: 0,
      clock,
    })
    steps.forEach((step, index) => {
      const { wait, user, cost, allowed, remaining, tokens, reset } = parse(step)
      clock.advance(wait)
      if (index % 40 === 39) limiter.sweep()
      const before = limiter.peek(user, cost)
      const decision = index % 2 ? limiter.check(user, cost) : undefined
      const answer = decision?.allowed ?? limiter.isAllowed(user, cost)
      const after = decision ?? limiter.peek(user, 1)
      const name = `limit ${limit} in ${windowMs} ms, step ${index} (${step})`
      checks.equal(`${name}: allowed`, answer, allowed)
      checks.equal(`${name}: what peek said`, before.allowed, allowed)
      checks.equal(`${name}: remaining`, after.remaining, remaining)
      checks.near(`${name}: tokens`, limiter.getBurstAllowance(user), tokens)
      checks.near(`${name}: reset`, after.resetMs, reset)
    })
    limiter.close()
  }
}

/** Every verb, with the oracle's answers, and a restart from a snapshot now and then, which must change no answer. */
export async function checkVerbs(checks, { loadLimiter, manualClock, checkTogether }, { verbs, otherRules }) {
  for (const { rules, steps } of verbs) {
    const clock = manualClock(1000)
    const load = ({ limit, windowMs, capacity, refillPerSecond }, more) =>
      loadLimiter({ limit, windowMs, burst: { capacity, refillPerSecond }, sweepIntervalMs: 0, clock, ...more })
    let limiter = await load(rules)
    const other = await load(otherRules)
    for (const [index, step] of steps.entries()) {
      const { wait, user, verb, a, b, answer, remaining, tokens, reset } = parseVerb(step)
      clock.advance(wait)
      if (index % 40 === 39) limiter.sweep()
      const name = `limit ${rules.limit} in ${rules.windowMs} ms, step ${index} (${step})`
      let told = '-'
      if (verb === 'restart') {
        limiter = await restart(limiter, (snapshot) => load(rules, { snapshot }))
      } else if (verb === 'check') {
        const { allowed, reason } = limiter.check(user, { cost: a, limit: b })
        told = allowed ? 'yes' : reason === 'blocked' ? 'blocked' : 'no'
      } else if (verb === 'together') {
        const requests = [
          { limiter, userId: user, cost: a },
          { limiter: other, userId: user, cost: b },
        ]
        told = checkTogether(requests)
          .decisions.map(({ allowed }) => Number(allowed))
          .join('')
      } else if (verb === 'charge') {
        told = String(limiter.charge(user, a))
      } else if (verb === 'refund') {
        limiter.refund(user, a, b)
      } else if (verb === 'block') {
        checks.equal(`${name}: there is room`, limiter.block(user, a), true)
      } else if (verb === 'clear') {
        limiter.clear()
      } else {
        limiter[verb](user)
      }
      const after = limiter.peek(user)
      checks.equal(`${name}: answer`, told, answer)
      checks.equal(`${name}: remaining`, after.remaining, remaining)
      checks.near(`${name}: tokens`, limiter.getBurstAllowance(user), tokens)
      checks.near(`${name}: reset`, after.resetMs, reset)
    }
    limiter.close()
    other.close()
  }
}

/** Goes on with another limiter, while no wall time passes. */
async function restart(limiter, load) {
  const { now } = Date
  Date.now = () => 0
  try {
    return await load(limiter.snapshot())
  } finally {
    Date.now = now
    limiter.close()
  }
}

/** The examples that the rules are told by. */
export async function checkExamples(checks, { loadLimiter, manualClock }) {
  const clock = manualClock()
  const limiter = await loadLimiter({ clock, sweepIntervalMs: 0 })
  clock.advance(3000)
  checks.equal('three seconds after loading, tokens', limiter.getBurstAllowance('new'), 3)
  checks.equal('70 at once with 3 tokens: admitted', admit(limiter, 'new', 70), 53)
  checks.equal('no tokens left', limiter.getBurstAllowance('new'), 0)
  const denied = limiter.check('new')
  checks.equal('then denied', denied.allowed, false)
  checks.equal('until the window has passed', denied.retryAfterMs, 1000)
  clock.advance(denied.retryAfterMs - 0.001)
  checks.equal('retryAfterMs is no longer than needed', limiter.peek('new').allowed, false)
  clock.advance(0.001)
  checks.equal('retryAfterMs is long enough', limiter.peek('new').allowed, true)
  limiter.reset('new')
  checks.equal('reset: as never seen', limiter.getBurstAllowance('new'), 4)

  let admitted = 0
  for (let i = 0; i < 500; i++) {
    if (limiter.isAllowed('steady')) admitted++
    clock.advance(20)
  }
  checks.equal('one every 20 ms is admitted for ever', admitted, 500)
  checks.equal('and has one place free when the next is due', limiter.peek('steady').remaining, 1)
  clock.set(0)
  checks.equal('a clock that goes back changes nothing', limiter.peek('steady').remaining, 1)
  limiter.close()
}

/** Ids of every kind are users of their own, and find themselves again. */
export async function checkIds(checks, { loadLimiter, manualClock }) {
  const limiter = await loadLimiter({ limit: 2, burst: false, clock: manualClock(), sweepIntervalMs: 0 })
  const long = 'x'.repeat(100_000)
  // biome-ignore format: a line for each would tell no more.
  const ids = [
    '', 'a', 'A', 'a\0', '\0', '\0\0', 'é', 'é'.normalize('NFD'), '\xff', '\u0100', 'a\u0100', '世界', '界世',
    '👩‍🚀', '👩', '\u{10ffff}', '\ud800', '\udc00', '\ud800a', '\ufffd', '__proto__', 'constructor', '127.0.0.1', '::1',
    long, `${long}y`, `y${long}`, '世'.repeat(100_000), `${'世'.repeat(100_000)}a`, `${'a'.repeat(1024)}`,
    `${'a'.repeat(1025)}`, `${'a'.repeat(1024)}世`, `${'世'.repeat(512)}`, `${'世'.repeat(513)}`,
  ]
  for (const id of ids) checks.equal(`first request of ${name(id)}`, limiter.isAllowed(id), true)
  checks.equal('as many users as ids', limiter.stats().users, ids.length)
  for (const id of ids) {
    // Built anew, so that it is found by what it says and not by being the same string object.
    const again = Array.from({ length: id.length }, (_, at) => String.fromCharCode(id.charCodeAt(at))).join('')
    checks.equal(`second request of ${name(id)}`, limiter.isAllowed(again), true)
    checks.equal(`third request of ${name(id)}`, limiter.isAllowed(again), false)
    checks.equal(`remembered, ${name(id)}`, limiter.isAllowed(again), false)
  }
  checks.equal('still as many users as ids', limiter.stats().users, ids.length)
  limiter.close()
}

function admit(limiter, id, requests) {
  let admitted = 0
  for (let i = 0; i < requests; i++) if (limiter.isAllowed(id)) admitted++
  return admitted
}

function parse(step) {
  const [asked, answered] = step.split(': ')
  const [wait, user, cost] = asked.split(' ')
  const [allowed, remaining, tokens, reset] = answered.split(' ')
  return {
    wait: Number(wait),
    user,
    cost: Number(cost),
    allowed: allowed === 'yes',
    remaining: Number(remaining),
    tokens: Number(tokens),
    reset: Number(reset),
  }
}

function parseVerb(step) {
  const [asked, answered] = step.split(': ')
  const [wait, user, verb, a, b] = asked.split(' ')
  const [answer, remaining, tokens, reset] = answered.split(' ')
  const numbers = { wait, a, b, remaining, tokens, reset }
  return {
    user,
    verb,
    answer,
    ...Object.fromEntries(Object.entries(numbers).map(([key, text]) => [key, Number(text)])),
  }
}

function name(id) {
  return id.length > 20 ? `${id.length} code units` : JSON.stringify(id)
}
