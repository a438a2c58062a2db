/** Random traces of requests, for properties. */
import fc from 'fast-check'
import type { Quota } from '../../src/limiter/index.js'

export type Step =
  | { kind: 'ask' | 'check' | 'peek'; user: string; cost: number; limit: number }
  | { kind: 'charge'; user: string; cost: number }
  | { kind: 'refund'; user: string; cost: number; fromBurst: number }
  | { kind: 'block'; user: string; ms: number }
  | { kind: 'unblock'; user: string }
  | { kind: 'clear' }
  | { kind: 'burst'; user: string; count: number }
  | { kind: 'tokens'; user: string }
  | { kind: 'reset'; user: string }
  | { kind: 'wait'; ms: number }
  | { kind: 'sweep' }

/** Gaps that matter: none, a few milliseconds, multiples of the pace and of the window, long ones, steps back. */
function gaps({ limit, windowMs }: Quota, whole: boolean): fc.Arbitrary<number> {
  const pace = windowMs / limit
  const any = fc.oneof(
    { weight: 4, arbitrary: fc.nat(40) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }).map((times) => times * pace) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }).map((times) => times * windowMs) },
    { weight: 2, arbitrary: fc.integer({ min: -1, max: 1 }).map((by) => Math.max(0, windowMs + by)) },
    { weight: 2, arbitrary: fc.nat(Math.ceil(2 * windowMs)) },
    { weight: 1, arbitrary: fc.nat(150_000) },
    { weight: 1, arbitrary: fc.nat(500).map((ms) => -ms) },
  )
  if (whole) return any.map(Math.round)
  return fc.oneof(any, fc.double({ min: 0, max: 3 * windowMs, noNaN: true }))
}

/** Traces of a few users, so that they get into every state, under these rules; with `verbs`, of every verb there is. */
export function traces(rules: Quota, { whole = true, resets = true, verbs = false } = {}): fc.Arbitrary<Step[]> {
  const user = fc.nat(4).map((index) => `user_${index}`)
  const mostCost = Math.floor(rules.limit + rules.capacity)
  const cost = fc.oneof(
    { weight: 6, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: Math.min(mostCost, 12) }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: mostCost }) },
  )
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: gaps(rules, whole).map((ms): Step => ({ kind: 'wait', ms })) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom('ask' as const, 'check' as const, 'peek' as const),
        user,
        cost,
        limit: fc.oneof(
          { weight: 4, arbitrary: fc.constant(rules.limit) },
          { weight: 1, arbitrary: fc.nat(rules.limit) },
        ),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('burst' as const),
        user,
        count: fc.integer({ min: 1, max: Math.min(2 * rules.limit, 150) }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('tokens' as const), user }) },
    ...(verbs
      ? [
          { weight: 1, arbitrary: fc.record({ kind: fc.constant('charge' as const), user, cost }) },
          {
            weight: 1,
            arbitrary: fc
              .record({ kind: fc.constant('refund' as const), user, cost, fromBurst: fc.nat(3) })
              .map((step): Step => ({ ...step, fromBurst: Math.min(step.cost, step.fromBurst) })),
          },
          {
            weight: 1,
            arbitrary: fc.record({
              kind: fc.constant('block' as const),
              user,
              ms: gaps(rules, whole).map((ms) => Math.max(1, ms)),
            }),
          },
          { weight: 1, arbitrary: fc.record({ kind: fc.constant('unblock' as const), user }) },
        ]
      : []),
    ...(verbs && resets ? [{ weight: 1, arbitrary: fc.constant<Step>({ kind: 'clear' }) }] : []),
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'sweep' }) },
    ...(resets ? [{ weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), user }) }] : []),
  )
  return fc.array(step, { minLength: 20, maxLength: 150 })
}
