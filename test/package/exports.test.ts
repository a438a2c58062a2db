/** What every subpath of the package exports, values and types: a change here is a change for users. */
import { createRequire } from 'node:module'
import ts from 'typescript'
import { expect, test, vi } from 'vitest'
import { codeExports, manifest, ROOT } from './packed.js'

// TypeScript takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const require = createRequire(import.meta.url)

/** One program for all subpaths, since reading the declarations of the frameworks takes most of the time. */
const program = ts.createProgram(
  codeExports().flatMap(([, named]) => [named.import.types, named.require.types].map((file) => `${ROOT}${file}`)),
  {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    // Names need no library, and reading it takes a second.
    noLib: true,
  },
)
const checker = program.getTypeChecker()

/** The names that a file of declarations exports, values and types apart. */
function declaredNames(file: string): { values: string[]; types: string[] } {
  const source = program.getSourceFile(`${ROOT}${file}`)
  const module = source && checker.getSymbolAtLocation(source)
  if (!module) throw new Error(`${file} exports nothing`)
  const names = { values: [] as string[], types: [] as string[] }
  for (const symbol of checker.getExportsOfModule(module)) {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    names[target.flags & ts.SymbolFlags.Value ? 'values' : 'types'].push(symbol.name)
  }
  return { values: names.values.sort(), types: names.types.sort() }
}

test('the names that each subpath exports', () => {
  const names = Object.fromEntries(
    Object.entries(manifest.exports).map(([subpath, named]) => [
      subpath,
      typeof named === 'string' ? named : declaredNames(named.import.types),
    ]),
  )
  expect(names).toMatchInlineSnapshot(`
    {
      ".": {
        "types": [
          "BurstOptions",
          "Clock",
          "Decision",
          "DenialReason",
          "Limiter",
          "LimiterOptions",
          "LimiterStats",
          "ManualClock",
          "OnFull",
          "Quota",
          "RequestOptions",
          "TogetherDecision",
          "TogetherRequest",
        ],
        "values": [
          "checkTogether",
          "coarseClock",
          "createLimiter",
          "loadLimiter",
          "manualClock",
          "secondsToWait",
        ],
      },
      "./cluster": {
        "types": [
          "FleetChild",
          "FleetServer",
          "FleetStore",
          "ServeFleetOptions",
        ],
        "values": [
          "clusterStore",
          "serveFleet",
        ],
      },
      "./core.wasm": "./dist/core.wasm",
      "./express": {
        "types": [
          "ExpressMiddleware",
          "ExpressOptions",
          "HeaderStyle",
          "LimitOptions",
          "LimitVerdict",
          "NodeResponse",
          "RequestLimiter",
          "Verdict",
        ],
        "values": [
          "rateLimit",
        ],
      },
      "./express-rate-limit": {
        "types": [
          "KeyInfo",
          "SharedLimiter",
          "SpillwayStoreOptions",
        ],
        "values": [
          "SharedSpillwayStore",
          "SpillwayStore",
        ],
      },
      "./fastify": {
        "types": [
          "FastifyOptions",
          "HeaderStyle",
          "LimitOptions",
          "LimitVerdict",
          "RequestLimiter",
          "Verdict",
        ],
        "values": [
          "rateLimit",
          "routeLimit",
        ],
      },
      "./fastify-rate-limit": {
        "types": [
          "SpillwayStoreClass",
          "SpillwayStoreOptions",
        ],
        "values": [
          "SpillwayStore",
        ],
      },
      "./fleet": {
        "types": [
          "Activity",
          "Answer",
          "FleetLimiter",
          "FleetOptions",
          "FleetState",
          "FleetStats",
          "FleetStore",
          "FleetTogetherRequest",
          "Question",
          "RedisClient",
          "SendCommand",
          "SharedLimit",
          "Verb",
        ],
        "values": [
          "checkTogether",
          "loadFleetLimiter",
          "redisStore",
        ],
      },
      "./hono": {
        "types": [
          "HeaderStyle",
          "HonoOptions",
          "LimitOptions",
          "LimitVerdict",
          "RequestLimiter",
          "Verdict",
        ],
        "values": [
          "rateLimit",
        ],
      },
      "./hono-rate-limiter": {
        "types": [
          "KeyInfo",
          "SharedLimiter",
          "SpillwayStoreOptions",
        ],
        "values": [
          "SharedSpillwayStore",
          "SpillwayStore",
        ],
      },
      "./http": {
        "types": [
          "AddressedRequest",
          "ClientAddressOptions",
          "CommonOptions",
          "Evaluate",
          "Eventually",
          "ForwardingHeader",
          "GuardFacts",
          "GuardOptions",
          "Header",
          "HeaderStyle",
          "LimitOptions",
          "LimitVerdict",
          "OfRequest",
          "OnError",
          "Outcome",
          "Passage",
          "QuotaExceeded",
          "RateLimitOptions",
          "RequestLimiter",
          "Trust",
          "Verdict",
          "WebRequest",
          "WebResponse",
        ],
        "values": [
          "clientAddress",
          "createEvaluator",
          "guard",
          "quotaExceeded",
          "rateLimitHeaders",
          "retryAfterSeconds",
        ],
      },
      "./koa": {
        "types": [
          "HeaderStyle",
          "KoaOptions",
          "LimitOptions",
          "LimitVerdict",
          "RequestLimiter",
          "Verdict",
        ],
        "values": [
          "rateLimit",
        ],
      },
      "./min": {
        "types": [
          "BurstOptions",
          "Clock",
          "Decision",
          "DenialReason",
          "Limiter",
          "LimiterOptions",
          "LimiterStats",
          "ManualClock",
          "OnFull",
          "Quota",
          "RequestOptions",
          "TogetherDecision",
          "TogetherRequest",
        ],
        "values": [
          "checkTogether",
          "coarseClock",
          "createLimiter",
          "loadLimiter",
          "manualClock",
          "secondsToWait",
        ],
      },
      "./nestjs-throttler": {
        "types": [
          "SpillwayStorageOptions",
          "StorageRecord",
        ],
        "values": [
          "SpillwayStorage",
        ],
      },
      "./package.json": "./package.json",
      "./queue": {
        "types": [
          "Concurrency",
          "Decision",
          "Fetch",
          "Forecast",
          "QueueErrorCode",
          "QueueLimiter",
          "QueueOptions",
          "QueueRequest",
          "QueueState",
          "ThrottleOptions",
          "Throttled",
          "ThrottledFetch",
          "ThrottledFetchOptions",
        ],
        "values": [
          "Queue",
          "QueueError",
          "throttle",
          "throttledFetch",
        ],
      },
    }
  `)
})

test.each(codeExports())('%s gives by import and by require what its types say', async (subpath, named) => {
  const { values, types } = declaredNames(named.import.types)
  expect(declaredNames(named.require.types)).toEqual({ values, types })
  const { types: _, ...builds } = named.import
  for (const file of new Set(Object.values(builds))) {
    const imported = await import(`${ROOT}${file}`)
    expect(Object.keys(imported).sort(), file).toEqual(values)
  }
  // The package's own name leads to its own exports.
  const required = require(`${manifest.name}${subpath.slice(1)}`)
  expect(Object.keys(required).sort()).toEqual(values)
})
