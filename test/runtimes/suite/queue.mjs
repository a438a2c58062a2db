/** Waiting: order, ends without a turn, and the timer that the runtime has. */

/** Asks a queue whose limiter's clock is moved by hand, and one on the runtime's own clock and timer. */
export async function checkQueue(checks, { loadLimiter, manualClock, Queue }) {
  const clock = manualClock()
  const limiter = await loadLimiter({ limit: 2, clock, sweepIntervalMs: 0 })
  const queue = new Queue(limiter, { maxWaiting: 3 })
  const order = []
  const controller = new AbortController()
  const waits = ['first', 'second', 'third'].map((name) => queue.run('a', () => order.push(name)))
  const aborted = queue.acquire('a', { signal: controller.signal })
  const hurried = queue.acquire('a', { priority: 3 }).then(() => order.push('hurried'))
  await settled()
  checks.equal('queue: started at once', order.join(), 'first,second')
  checks.equal('queue: who wait', queue.size('a'), 3)
  checks.equal('queue: forecast', queue.forecast('a').waitMs, 2000)
  await checks.throws('queue: full', () => queue.acquire('a'), Error, /queue is full/)
  await checks.throws('queue: in time', () => queue.acquire('b', { timeoutMs: -1 }), RangeError, /timeoutMs/)
  controller.abort(new TypeError('enough'))
  await checks.throws('queue: aborted', () => aborted, TypeError, /enough/)
  clock.advance(1000)
  queue.recheck()
  await Promise.all([...waits, hurried])
  checks.equal('queue: order', order.join(), 'first,second,hurried,third')
  const late = queue.acquire('a')
  queue.close()
  await checks.throws('queue: closed', () => late, Error, /closed/)
  limiter.close()

  const real = await loadLimiter({ limit: 1, windowMs: 5, burst: false, sweepIntervalMs: 0 })
  const timed = new Queue(real)
  let started = 0
  await Promise.all([1, 2, 3].map(() => timed.run('a', () => started++)))
  checks.equal('queue: started by the timer', started, 3)
  checks.equal('queue: nobody waits', timed.size(), 0)
  real.close()
}

/** Lets the promises that are settled be noticed. */
async function settled() {
  for (let step = 0; step < 20; step++) await undefined
}
