/**
 * The most of some times that lie in any half-open window.
 *
 * @param times in order
 */
export function worstWindow(times: readonly number[], windowMs: number): number {
  let worst = 0
  let from = 0
  for (let to = 0; to < times.length; to++) {
    while (times[from]! <= times[to]! - windowMs) from++
    worst = Math.max(worst, to - from + 1)
  }
  return worst
}
