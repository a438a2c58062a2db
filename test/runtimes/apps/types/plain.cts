// CommonJS.
import spillway = require('spillway')

import type { Limiter, ManualClock } from 'spillway'
import { createLimiter } from 'spillway/min'

const clock: ManualClock = spillway.manualClock()
const limiter: Limiter = createLimiter({ clock })
export const remaining: number = limiter.peek('a').remaining
// A limiter of the ES module is a limiter here: types are compared by what they have.
export const other: Promise<Limiter> = import('spillway').then(({ loadLimiter }) => loadLimiter({ clock }))

export function disposes(): boolean {
  using made = spillway.createLimiter()
  return made.isAllowed('a')
}
