/** Why a wait ended without a turn. */

/** What one who comes now has to wait for. */
export interface Forecast {
  /** How many of the same user go first. */
  ahead: number
  /**
   * Milliseconds that the limiter makes one wait at least, as long as those ahead stay. Exact if each of them takes one place
   * and nobody else asks the limiter. `Infinity`: there is no turn to wait for. Says nothing of the wait for `concurrency`.
   */
  waitMs: number
}

/** What happened, by its code. */
const MESSAGES = {
  ERR_QUEUE_FULL: 'The queue is full',
  ERR_QUEUE_DROPPED: 'The queue is full: dropped',
  ERR_QUEUE_TIMEOUT: 'The turn does not come in time',
  ERR_QUEUE_CLEARED: 'The queue is cleared',
  ERR_QUEUE_CLOSED: 'The queue is closed',
  ERR_QUEUE_IMPOSSIBLE: 'The limiter can never admit this',
}

export type QueueErrorCode = keyof typeof MESSAGES

/** What waiters are rejected with by the queue itself. One whose signal is aborted gets the reason of the signal. */
export class QueueError extends Error {
  override readonly name = 'QueueError'
  readonly code: QueueErrorCode
  /** What one who came at that moment would have had to wait for; undefined when the queue was cleared or closed. */
  readonly forecast: Forecast | undefined

  constructor(code: QueueErrorCode, forecast?: Forecast) {
    super(MESSAGES[code])
    this.code = code
    this.forecast = forecast
  }
}
