/** What is wrong with a log, in words for the user. */
export class LogError extends Error {
  override readonly name = 'LogError'
}
