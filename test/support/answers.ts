/** What a limiter answers to the steps of a trace. */
import type { Limiter } from '../../src/index.js'
import type { Step } from './traces.js'

/** Runs a step that asks or tells something; gives all that is told. */
export function answer(step: Step, limiter: Limiter): unknown {
  switch (step.kind) {
    case 'ask':
      return limiter.isAllowed(step.user, { cost: step.cost, limit: step.limit })
    case 'check':
    case 'peek':
      return limiter[step.kind](step.user, { cost: step.cost, limit: step.limit })
    case 'charge':
      return limiter.charge(step.user, step.cost)
    case 'refund':
      return limiter.refund(step.user, step.cost, step.fromBurst)
    case 'block':
      return limiter.block(step.user, step.ms)
    case 'unblock':
      return limiter.unblock(step.user)
    case 'clear':
      return limiter.clear()
    case 'tokens':
      return limiter.getBurstAllowance(step.user)
    case 'reset':
      return limiter.reset(step.user)
    case 'burst':
      return Array.from({ length: step.count }, () => limiter.isAllowed(step.user))
    default:
      return undefined
  }
}
