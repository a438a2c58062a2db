/** Types as users meet them: every client is one that the store takes, and a fleet limiter is one that others take. */
import type { GlideClient, GlideClusterClient } from '@valkey/valkey-glide'
import type { Cluster, Redis } from 'ioredis'
import type { Redis as Valkey } from 'iovalkey'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import { expectTypeOf, test } from 'vitest'
import { clusterStore } from '../../src/fleet/cluster/index.js'
import type { FleetLimiter, FleetState, FleetStore } from '../../src/fleet/index.js'
import { checkTogether, loadFleetLimiter, redisStore } from '../../src/fleet/index.js'
import { rateLimit } from '../../src/http/adapters/express.js'
import type { Decision, Limiter, TogetherDecision } from '../../src/index.js'

declare const ioredis: Redis
declare const cluster: Cluster
declare const valkey: Valkey
declare const glide: GlideClient
declare const glideCluster: GlideClusterClient
declare const limiter: FleetLimiter
declare const local: Limiter

test('clients', () => {
  for (const client of [ioredis, cluster, valkey, glide, glideCluster]) redisStore(client)
  redisStore(createClient())
  redisStore(createClientPool())
  redisStore(createCluster({ rootNodes: [] }))
  redisStore(createSentinel({ name: 'master', sentinelRootNodes: [] }))
  redisStore(async (command, key) => {
    expectTypeOf(command).toEqualTypeOf<string[]>()
    expectTypeOf(key).toEqualTypeOf<string>()
  })
  expectTypeOf(clusterStore()).toEqualTypeOf<FleetStore>()
  // @ts-expect-error no client
  redisStore({ get: async () => 1 })
})

test('a limiter', () => {
  const store = clusterStore()
  expectTypeOf(loadFleetLimiter({ store, name: 'api', processes: 2 })).resolves.toEqualTypeOf<FleetLimiter>()
  loadFleetLimiter({
    store,
    name: 'api',
    processes: 2,
    onStateChange: (state) => expectTypeOf(state).toEqualTypeOf<FleetState>(),
  })
  // @ts-expect-error how many share it must be said
  loadFleetLimiter({ store, name: 'api' })
  expectTypeOf(limiter.check('a')).resolves.toEqualTypeOf<Decision>()
  expectTypeOf(limiter.isAllowed('a', { cost: 2 })).toEqualTypeOf<boolean>()
  rateLimit({ limiter, key: () => 'a', countOnly: 'failed' })
  const together = checkTogether([
    { limiter, userId: 'a' },
    { limiter: local, userId: 'a', cost: 2 },
  ])
  expectTypeOf(together).resolves.toEqualTypeOf<TogetherDecision>()
})
