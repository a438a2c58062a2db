// Writes `trace.json`: requests with the answers that the oracle gives, for the conformance suite. The suite runs in
// places where the oracle cannot be compiled, so its answers are committed.
//
//     node test/runtimes/make-trace.mjs            writes the file
//     node test/runtimes/make-trace.mjs --check    fails unless it is up to date
import { readFile, writeFile } from 'node:fs/promises'
import { transform } from 'esbuild'

const TRACE = new URL('trace.json', import.meta.url)
const STEPS = 400
const USERS = ['alice', 'bob', 'Zoë', '世界']

/** Whole milliseconds in windows that divide 30,000 ms: the limiter's answers are then exact. */
const RULES = [
  { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1 },
  { limit: 5, windowMs: 100, capacity: 3, refillPerSecond: 2 },
  { limit: 20, windowMs: 500, capacity: 0, refillPerSecond: 0 },
  { limit: 1, windowMs: 200, capacity: 10, refillPerSecond: 4 },
]

/** The other limit of decisions together. */
const OTHER_RULES = { limit: 30, windowMs: 3000, capacity: 0, refillPerSecond: 0 }

/** Gives the text of the file that the oracle's present state asks for. */
async function makeTrace() {
  const { Oracle, decideTogether } = await importTypeScript(new URL('../../src/cli/stress/oracle.ts', import.meta.url))
  const { seededRandom } = await importTypeScript(new URL('../../bench/seeded-random.ts', import.meta.url))
  const random = seededRandom(20_260_101)
  const cases = RULES.map((rules) => ({ rules, steps: makeSteps(new Oracle(rules), rules, random) }))
  const verbs = RULES.map((rules) => ({ rules, steps: makeVerbSteps(Oracle, decideTogether, rules, random) }))
  const columns = 'wait user cost: allowed remaining tokens reset'
  const verbColumns = 'wait user verb a b: answer remaining tokens reset'
  return `${JSON.stringify({ columns, cases, verbColumns, otherRules: OTHER_RULES, verbs }, null, 2)}\n`
}

function makeSteps(oracle, rules, random) {
  const steps = []
  let reading = 0
  let time = 0
  for (let i = 0; i < STEPS; i++) {
    const wait = pickWait(rules, random)
    const user = USERS[Math.floor(random() * USERS.length)]
    const cost = random() < 0.6 ? 1 : 1 + Math.floor(random() * Math.min(rules.limit + rules.capacity, 30))
    reading += wait
    time = Math.max(time, reading)
    const { allowed } = oracle.decide(user, time, cost)
    const tokens = oracle.thousandths(user, time) / 1000
    // Waits are counted from the clock's reading, even while it shows less than it did before.
    const left = oracle.resetMs(user, time)
    const reset = left > 0 ? left + time - reading : 0
    const after = `${oracle.free(user, time)} ${tokens} ${reset}`
    steps.push(`${wait} ${user} ${cost}: ${allowed ? 'yes' : 'no'} ${after}`)
  }
  return steps
}

/** Steps of every verb. `a` and `b` are what the verb takes beside the user; 0 where it takes nothing. */
function makeVerbSteps(Oracle, decideTogether, rules, random) {
  const oracle = new Oracle(rules)
  const other = new Oracle(OTHER_RULES)
  const upTo = (most) => Math.floor(random() * (most + 1))
  const steps = []
  let reading = 0
  let time = 0
  let timeOfOther = 0
  // What a restart makes of a clock that shows less than it did before: time goes on at once.
  let shift = 0
  for (let i = 0; i < STEPS; i++) {
    const wait = pickWait(rules, random)
    const user = USERS[upTo(USERS.length - 1)]
    const verb = pickVerb(random)
    reading += wait
    time = Math.max(time, reading + shift)
    let a = 0
    let b = 0
    let answer = '-'
    if (verb === 'check') {
      a = 1 + upTo(Math.min(rules.limit, 12) - 1)
      b = random() < 0.5 ? rules.limit : upTo(rules.limit)
      answer = oracle.decide(user, time, a, b).allowed ? 'yes' : oracle.blockedUntil(user) > time ? 'blocked' : 'no'
    } else if (verb === 'together') {
      a = 1 + upTo(Math.min(rules.limit, 4) - 1)
      b = 1 + upTo(3)
      timeOfOther = Math.max(timeOfOther, reading)
      const parts = [
        { oracle, id: user, time, cost: a, limit: rules.limit },
        { oracle: other, id: user, time: timeOfOther, cost: b, limit: OTHER_RULES.limit },
      ]
      answer = decideTogether(parts).map(Number).join('')
    } else if (verb === 'charge') {
      a = upTo(Math.min(rules.limit + rules.capacity, 30))
      answer = String(oracle.charge(user, time, a))
    } else if (verb === 'refund') {
      a = 1 + upTo(5)
      b = upTo(Math.min(a, 2))
      oracle.refund(user, time, a, b)
    } else if (verb === 'block') {
      a = 1 + upTo(2 * rules.windowMs)
      oracle.block(user, time, a)
    } else if (verb === 'unblock') {
      oracle.unblock(user, time)
    } else if (verb === 'reset') {
      oracle.reset(user)
    } else if (verb === 'clear') {
      oracle.clear()
    } else {
      shift = time - reading
    }
    const left = oracle.resetMs(user, time)
    const reset = left > 0 ? left + time - reading - shift : 0
    const after = `${oracle.free(user, time)} ${oracle.thousandths(user, time) / 1000} ${reset}`
    steps.push(`${wait} ${user} ${verb} ${a} ${b}: ${answer} ${after}`)
  }
  return steps
}

/** `restart` stands for a snapshot, and another limiter that goes on with it. */
function pickVerb(random) {
  const kind = random()
  if (kind < 0.5) return 'check'
  if (kind < 0.64) return 'together'
  if (kind < 0.74) return 'charge'
  if (kind < 0.84) return 'refund'
  if (kind < 0.91) return 'block'
  if (kind < 0.95) return 'unblock'
  if (kind < 0.97) return 'reset'
  return kind < 0.98 ? 'clear' : 'restart'
}

/** Mostly no time or little, so that windows fill; sometimes to the edge of the window, far beyond, or back. */
function pickWait({ limit, windowMs }, random) {
  const kind = random()
  if (kind < 0.74) return 0
  if (kind < 0.86) return Math.floor((random() * windowMs) / limit) + 1
  if (kind < 0.94) return windowMs + Math.floor(random() * 3) - 1
  if (kind < 0.965) return Math.floor(random() * 2 * windowMs)
  if (kind < 0.98) return Math.floor(random() * 20_000)
  return -Math.floor(random() * 50)
}

async function importTypeScript(url) {
  const { code } = await transform(await readFile(url, 'utf8'), { loader: 'ts' })
  return import(`data:text/javascript,${encodeURIComponent(code)}`)
}

const wanted = await makeTrace()
if (!process.argv.includes('--check')) await writeFile(TRACE, wanted)
else if ((await readFile(TRACE, 'utf8')) !== wanted) {
  console.error('test/runtimes/trace.json is not what the oracle answers: run node test/runtimes/make-trace.mjs')
  process.exit(1)
}
