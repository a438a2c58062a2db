/**
 * Who waits is let in as soon as the limiter has places, in order of arrival for each user, by one timer for all.
 *
 * `starts.ts` asks the limiter, and has the argument why no window holds more starts than the limit.
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
import { AFTER_STARTS, done, Starts } from './starts.js'
import type { Ties } from './waiters.js'
import { GONE, User, Waiter } from './waiters.js'

/** By so much sums of times may differ that are the same: no timer is to come a millisecond late for it. */
const ROUNDING_MS = 1e-6

/** Timers count whole milliseconds: a turn that comes right at a deadline is noticed by so much later. */
const TIMER_STEP_MS = 1

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
  readonly #starts: Starts
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
    this.#starts = new Starts(limiter, (users) => this.#resume(users))
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
        this.#starts.end([user])
      }
      return await result
    } finally {
      this.#running--
      user.running--
      this.#change()
      this.#resume([user])
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
        const answer = this.#starts.ask(waiter, peeks)
        if (typeof answer === 'number') waitMs = answer
        else this.#admit(waiter, answer)
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

  /** Lets one in whom the limiter admitted. */
  #admit(waiter: Waiter, decision: Decision): void {
    const { user, isJob } = waiter
    user.advance(waiter)
    this.#untie(waiter)
    this.#started++
    if (isJob) {
      user.running++
      this.#running++
    }
    waiter.resolve((isJob ? user : decision) as never)
  }

  /** Serves users who waited for something else than the limiter, or forgets them; then whoever else has a turn. */
  #resume(users: Iterable<User>): void {
    for (const user of users) if (!this.#due.has(user)) this.#serve(user)
    this.#pump()
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
