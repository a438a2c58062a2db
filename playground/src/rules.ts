/** What a limiter is asked to keep: the options of the real one that the page lets people choose. */
export interface Rules {
  /** Base admissions of a user in any window. */
  readonly limit: number
  readonly windowMs: number
  /** Most burst tokens a user can have. */
  readonly capacity: number
  readonly refillPerSecond: number
}
