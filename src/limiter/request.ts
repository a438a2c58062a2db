/** What a request may ask for. */
import type { Quota } from './quota.js'
import { maxCost } from './quota.js'
import { checkNumber } from './validation.js'

/**
 * Checks the cost of a request, or takes the default.
 *
 * @param of what messages put before its name
 */
export function checkCost(quota: Quota, cost: unknown = 1, of = ''): number {
  return checkNumber('cost', cost, { from: 1, to: maxCost(quota), whole: true }, of)
}

/** Likewise its limit. */
export function checkLimit(quota: Quota, limit: unknown = quota.limit, of = ''): number {
  return checkNumber('limit', limit, { from: 0, to: quota.limit, whole: true }, of)
}
