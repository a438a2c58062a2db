/**
 * Admission: who waits is let in as soon as the limiter has places, in order of arrival for each user.
 *
 * ## Why no window ever holds more starts than the limit
 *
 * The limiter records an admission when it decides, but what was admitted starts later: after other code, or after a pause of the
 * whole process. Starts may so bunch up in a window though the records do not. Therefore, once a start is over (the synchronous
 * part of a job has returned, or the code after `await acquire()` has run), its record moves to that moment: the places
 * are given back and charged anew, in one synchronous step. Hence
 *
 * 1. before it moves, a record is no later than the start, and after it has moved, no earlier;
 * 2. whoever is admitted meanwhile is admitted only if the limiter still counts all records that have not moved (`held`), which
 *    its own decision tells; else the admission is undone, and waits until they have moved.
 *
 * Take the last start of a window, and the moment at which it was admitted, which was no later. Each other start in the window is
 * less than a window before that moment, or after it. Its record was counted then: by 1 if it had moved, by 2 if not. So all of them
 * together are at most the limit. The limiter gives the newest places back first, so those of all starts that
 * are not over move together. Calls that ask the limiter directly meanwhile may change places with them: the starts of the
 * queue stay within the limit, the calls take what is left.
 */
import type { Decision } from '../limiter/index.js'
import { flat, systemClock } from '../limiter/index.js'
import { Alarm } from './alarm.js'
import type { Forecast, QueueErrorCode } from './errors.js'
import { QueueError } from './errors.js'
import { forecastOf } from './forecast.js'
import { Heap } from './heap.js'
import type { QueueLimiter, QueueOptions, QueueRequest, QueueSettings, QueueState, Settled } from './options.js'
import { checkFunction, checkLimiter, checkQueueOptions, checkRequest } from './options.js'
import { Signals } from './signals.js'
import type { Ties } from './waiters.js'
import { GONE, User, Waiter } from './waiters.js'

/** Steps of microtasks until code that awaits an admission has started: two where it awaits directly, four through a function. */
const STEPS_TO_START = 4

/** The least wait, in case that a limiter has none for a denial. */
const LEAST_WAIT_MS = 0.01

/** By so much sums of times may differ that are the same: no timer is to come a millisecond late for it. */
const ROUNDING_MS = 1e-6

/** Timers count whole milliseconds: a turn that comes right at a deadline is noticed by so much later. */
const TIMER_STEP_MS = 1

/** What `#ask` gives when others have to start first. */
const AFTER_STARTS = -1

/** Its reactions are microtasks. Not `queueMicrotask`, which fake timers replace, and which is slower in Node. */
const done = Promise.resolve()

/**
 * Lets users wait for their turn. Its timer holds the process while somebody waits, since a promise is awaited.
 *
 * @example
 * ```ts
 * const queue = new Queue(limiter, { maxWaiting: 1000 })
 * await queue.acquire('user123', { timeoutMs: 5000 })
 * const page = await queue.run('user123', () => fetch(url))
 * ```
 */
export class Queue {
  readonly #limiter: QueueLimiter
  readonly #settings: QueueSettings
  /** Who wait, run, or start. */
  readonly #users = new Map<string, User>()
  /** Users whose next has to wait for the limiter, by when to ask it again. */
  readonly #due = new Heap<User>()
  /** Users whose next is a job that has to wait for others to end: in turn. */
  readonly #ready = new Heap<User>()
  readonly #deadlines = new Heap<Ties>()
  /** All waiters in order of arrival, where the oldest is dropped. */
  readonly #arrivals = new Heap<Waiter>()
  readonly #signals = new Signals((waiters, { reason }) => {
    this.#dismiss(waiters, () => reason)
    this.#pump()
  })
  /** Users with admissions by `acquire` whose start may lie ahead. */
  #starting = new Set<User>()
  #stepsLeft = 0
  #turns = 0
  #waiting = 0
  #running = 0
  #started = 0
  readonly #alarm = new Alarm(() => this.#pump())
  #isClosed = false
  #isChanged = false

  /**
   * @param limiter decides: one of `loadLimiter` or `createLimiter`, or another that decides synchronously. It is not closed
   *   with the queue
   * @throws {TypeError} for an unknown option, one of a wrong type, and what is no limiter
   * @throws {RangeError} for a number out of range
   */
  constructor(limiter: QueueLimiter, options: QueueOptions = {}) {
    checkLimiter(limiter)
    this.#limiter = limiter
    this.#settings = checkQueueOptions(options)
  }

  /**
   * Waits until the limiter admits a user.
   *
   * @returns the limiter's decision. Start what it is for without another wait
   * @throws {QueueError} why there is no turn: `code`
   * @throws the reason of the signal; the error of a limiter that fails; as `Limiter.check` does for bad input. All are rejections
   * @example
   * ```ts
   * const { remaining } = await queue.acquire('user123', { cost: 5, signal })
   * ```
   */
  acquire(userId: string, request?: QueueRequest): Promise<Decision> {
    return new Promise((resolve, reject) => this.#enter(userId, request, false, resolve, reject))
  }

  /**
   * Waits like `acquire`, and for `concurrency`; then runs a job.
   *
   * @returns what the job gives
   * @throws what the job throws, and as `acquire` does. All are rejections
   * @example
   * ```ts
   * const response = await queue.run('api.example.com', () => fetch(url))
   * ```
   */
  async run<Result>(
    userId: string,
    job: () => Result | PromiseLike<Result>,
    request?: QueueRequest,
  ): Promise<Awaited<Result>> {
    checkFunction('job', job)
    const user = await new Promise<User>((resolve, reject) => this.#enter(userId, request, true, resolve, reject))
    try {
      let result: Result | PromiseLike<Result>
      try {
        result = job()
      } finally {
        this.#haveStarted(user)
        this.#pump()
      }
      return await result
    } finally {
      this.#running--
      user.running--
      this.#change()
      this.#resume(user)
      this.#pump()
    }
  }

  /** How many wait: in all, or of a user. */
  size(userId?: string): number {
    return userId === undefined ? this.#waiting : (this.#users.get(userId)?.size ?? 0)
  }

  /**
   * Tells what one who comes now has to wait for. Changes nothing, and is no activity.
   *
   * @throws as `Limiter.peek` does
   */
  forecast(userId: string, request?: QueueRequest): Forecast {
    const { request: asked, priority } = checkRequest(this.#limiter.quota, userId, request)
    const { count, places } = this.#users.get(userId)?.ahead(priority) ?? { count: 0, places: 0 }
    return forecastOf(this.#limiter, userId, asked, count, places)
  }

  /**
   * Rejects all who wait, or those of a user, with `ERR_QUEUE_CLEARED`. Jobs that run go on.
   *
   * @returns how many
   */
  clear(userId?: string): number {
    return this.#clear('ERR_QUEUE_CLEARED', userId)
  }

  /** Rejects all who wait, and whoever comes, with `ERR_QUEUE_CLOSED`. Jobs that run go on; the limiter stays open. */
  close(): void {
    this.#isClosed = true
    this.#clear('ERR_QUEUE_CLOSED')
  }

  /**
   * Asks the limiter again now rather than when it had said. To be called after its `reset`, `refund`, `unblock` or `clear`, and when
   * a manual clock went on.
   */
  recheck(): void {
    this.#expire(systemClock() - TIMER_STEP_MS)
    for (const user of this.#users.values()) if (this.#due.has(user)) this.#serve(user)
    this.#pump()
  }

  #enter(
    userId: string,
    given: QueueRequest | undefined,
    isJob: boolean,
    resolve: (value: never) => void,
    reject: (reason: unknown) => void,
  ): void {
    const settled = checkRequest(this.#limiter.quota, userId, given)
    if (this.#isClosed) throw new QueueError('ERR_QUEUE_CLOSED')
    settled.signal?.throwIfAborted()
    let user = this.#users.get(userId)
    if (user === undefined) {
      user = new User(userId)
      this.#users.set(userId, user)
    }
    const waiter = new Waiter(user, settled.priority, settled.request, isJob, resolve, reject)
    user.add(waiter)
    this.#waiting++
    this.#change()
    if (user.next() === waiter) this.#serve(user, true)
    this.#startReady()
    if (waiter.place !== GONE) this.#keep(waiter, settled)
    this.#pump()
  }

  /** Has one wait who was not let in at once, or refuses that. */
  #keep(waiter: Waiter, { request, signal, timeoutMs }: Settled): void {
    const { user, cost } = waiter
    const { maxWaiting, maxWaitingPerUser, drops } = this.#settings
    const limit = typeof request === 'number' ? this.#limiter.quota.limit : request.limit
    if (timeoutMs < Infinity || cost > limit!) {
      const { waitMs } = this.#forecastFor(waiter) ?? { waitMs: 0 }
      if (waitMs > timeoutMs || waitMs === Infinity) {
        this.#refuse(waiter, waitMs === Infinity ? 'ERR_QUEUE_IMPOSSIBLE' : 'ERR_QUEUE_TIMEOUT')
        return
      }
    }
    if (drops) this.#arrivals.add(waiter, ++this.#turns)
    const makeRoom = (dropped: Waiter) =>
      this.#refuse(dropped, dropped === waiter ? 'ERR_QUEUE_FULL' : 'ERR_QUEUE_DROPPED')
    if (user.size > maxWaitingPerUser) makeRoom(drops ? user.oldest(this.#arrivals)! : waiter)
    if (waiter.place !== GONE && this.#waiting > maxWaiting) makeRoom(drops ? this.#arrivals.first! : waiter)
    if (waiter.place === GONE) return
    // Longer texts that the id is a part of must not be kept with it.
    user.id = flat(user.id)
    if (signal === undefined && timeoutMs === Infinity) return
    waiter.ties = { waiter, signal, place: -1 }
    if (signal !== undefined) this.#signals.add(waiter, signal)
    if (timeoutMs < Infinity) this.#deadlines.add(waiter.ties, systemClock() + timeoutMs)
  }

  #refuse(waiter: Waiter, code: QueueErrorCode): void {
    this.#dismiss([waiter], () => new QueueError(code, this.#forecastFor(waiter)))
  }

  /** Ends waits without a turn. Their places go to the next at once. */
  #dismiss(waiters: Iterable<Waiter>, reasonFor: (waiter: Waiter) => unknown): void {
    const users = new Set<User>()
    for (const waiter of waiters) {
      const { user } = waiter
      const reason = reasonFor(waiter)
      if (user.next() === waiter) users.add(user)
      this.#drop(waiter, reason)
    }
    for (const user of users) this.#serve(user)
  }

  #clear(code: QueueErrorCode, userId?: string): number {
    const all = userId === undefined ? [...this.#users.values()] : [this.#users.get(userId)]
    const waiters = all.flatMap((user) => [...(user?.waiters() ?? [])])
    this.#dismiss(waiters, () => new QueueError(code))
    this.#pump()
    return waiters.length
  }

  /** Lets in who can be, of all users, and sets the timer for the rest. */
  #pump(): void {
    if (this.#waiting === 0 && !this.#alarm.isSet) return
    const now = systemClock() + ROUNDING_MS
    // Before anybody's turn: after a stall, who has waited too long must not take the places of those who still wait.
    this.#expire(now - TIMER_STEP_MS)
    while (this.#due.least <= now) this.#serve(this.#due.first!)
    this.#expire(now)
    this.#startReady()
    this.#alarm.set(Math.min(this.#due.least, this.#deadlines.least), now)
  }

  #expire(until: number): void {
    while (this.#deadlines.least <= until) this.#refuse(this.#deadlines.first!.waiter, 'ERR_QUEUE_TIMEOUT')
  }

  /** Lets in one job of each user in turn, while jobs may start. */
  #startReady(): void {
    for (let user = this.#ready.first; user && this.#running < this.#settings.total; user = this.#ready.first) {
      this.#serve(user, false, true)
    }
  }

  /**
   * Lets in who can be of a user, and files the user for when the next can be.
   *
   * @param isNew whether who is next just came, and was not asked about before
   * @param hasTurn whether one job may start
   */
  #serve(user: User, isNew = false, hasTurn = false): void {
    const { total, perUser } = this.#settings
    this.#due.delete(user)
    // Who has waited is asked about by `peek` first: a denial would be activity of a user who did nothing.
    let peeks = !isNew
    let mayStart = hasTurn || total === Infinity
    for (let waiter = user.next(); waiter; waiter = user.next()) {
      if (waiter.isJob && !mayStart) {
        user.turn ||= ++this.#turns
        if (!this.#ready.has(user)) this.#ready.add(user, user.turn)
        return
      }
      this.#ready.delete(user)
      if (waiter.isJob && user.running >= perUser) return
      let waitMs = 0
      try {
        waitMs = this.#ask(waiter, peeks)
      } catch (error) {
        this.#drop(waiter, error)
      }
      if (waitMs === AFTER_STARTS) return
      if (waitMs === Infinity) {
        this.#drop(waiter, new QueueError('ERR_QUEUE_IMPOSSIBLE', this.#forecastFor(waiter)))
      } else if (waitMs > 0) {
        this.#due.add(user, systemClock() + waitMs)
        return
      }
      if (waiter.isJob) {
        mayStart = total === Infinity
        user.turn = 0
      }
      peeks = false
    }
    this.#ready.delete(user)
    user.turn = 0
    if (user.running + user.starting === 0) this.#users.delete(user.id)
  }

  #drop(waiter: Waiter, reason: unknown): void {
    waiter.user.remove(waiter)
    this.#untie(waiter)
    waiter.reject(reason)
  }

  /** Lets one in, or gives the milliseconds until then; or `AFTER_STARTS`. */
  #ask(waiter: Waiter, peeks: boolean): number {
    const { user, request, cost } = waiter
    if (peeks) {
      const { allowed, retryAfterMs } = this.#limiter.peek(user.id, request)
      if (!allowed) return leastWait(retryAfterMs)
    }
    const decision = this.#limiter.check(user.id, request)
    const { allowed, retryAfterMs, fromBurst, limit, remaining } = decision
    if (typeof allowed !== 'boolean') throw new TypeError('The limiter of a queue must decide synchronously')
    if (!allowed) return leastWait(retryAfterMs)
    const base = cost - fromBurst
    if (user.held > 0 && limit - remaining < user.held + base) {
      this.#limiter.refund(user.id, cost, fromBurst)
      return AFTER_STARTS
    }
    user.advance(waiter)
    this.#untie(waiter)
    this.#started++
    user.held += base
    if (waiter.isJob) {
      user.starting++
      user.running++
      this.#running++
      waiter.resolve(user as never)
    } else {
      if (!this.#starting.has(user)) {
        this.#starting.add(user)
        user.starting++
      }
      if (this.#stepsLeft === 0) done.then(this.#step)
      this.#stepsLeft = STEPS_TO_START
      waiter.resolve(decision as never)
    }
    return 0
  }

  readonly #step = (): void => {
    if (--this.#stepsLeft > 0) {
      done.then(this.#step)
      return
    }
    const starting = this.#starting
    this.#starting = new Set()
    for (const user of starting) this.#haveStarted(user)
    this.#pump()
  }

  /** Moves what is recorded of a user's starts to now, one or more of which are over. */
  #haveStarted(user: User): void {
    const { id, held } = user
    try {
      if (held > 0) {
        this.#limiter.refund(id, held)
        this.#limiter.charge(id, held)
      }
    } catch {
      // A limiter that fails, or was closed, fails whoever comes next.
    }
    if (--user.starting === 0) user.held = 0
    this.#resume(user)
  }

  /** Serves a user who waited for something else than the limiter, or forgets it. */
  #resume(user: User): void {
    if (!this.#due.has(user)) this.#serve(user)
  }

  /** Ends all that a waiter is tied to beside its user. */
  #untie(waiter: Waiter): void {
    this.#waiting--
    this.#arrivals.delete(waiter)
    waiter.place = GONE
    const { ties } = waiter
    if (ties !== undefined) {
      this.#deadlines.delete(ties)
      if (ties.signal !== undefined) this.#signals.delete(waiter, ties.signal)
    }
    this.#change()
  }

  #forecastFor({ user, request, priority, cost }: Waiter): Forecast | undefined {
    const { count, places } = user.ahead(priority)
    try {
      return forecastOf(this.#limiter, user.id, request, count - 1, places - cost)
    } catch {
      return undefined
    }
  }

  /** Tells of a change once all changes that belong to it are done. */
  #change(): void {
    const { onChange } = this.#settings
    if (onChange === undefined || this.#isChanged) return
    this.#isChanged = true
    done.then(() => {
      this.#isChanged = false
      onChange({ waiting: this.#waiting, running: this.#running, started: this.#started } satisfies QueueState)
    })
  }
}

/** A wait that ends, whatever a limiter tells: asked again at once for ever, it would hang the process. */
function leastWait(retryAfterMs: number): number {
  return Math.max(retryAfterMs || 0, LEAST_WAIT_MS)
}
