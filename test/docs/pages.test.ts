/**
 * The code in the pages runs, and does what its comments claim. `page-code.ts` says what a page's code is and what is a
 * claim. To hold another page to it, add it to `PAGES`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { RedisServer } from '../fleet/redis-servers.js'
import { hasRedis, startRedis } from '../fleet/redis-servers.js'
import { ROOT } from '../package/packed.js'
import type { Program } from './page-code.js'
import { compile, importsOf, programsOf, run, SOURCES, startTime } from './page-code.js'

startTime()

const PAGES = [
  'docs/recipes.md',
  'docs/recipes-http.md',
  'docs/queue.md',
  'docs/throttled-fetch.md',
  'docs/fleet.md',
  'docs/migrate-rate-limiter-flexible.md',
  'docs/migrate-limiter.md',
  'docs/migrate-upstash-ratelimit.md',
  'docs/migrate-p-throttle.md',
  'docs/migrate-bottleneck.md',
  'docs/migrate-tanstack-pacer.md',
]

/** What cannot run here, since it is not installed: such code is only parsed. */
const NOT_INSTALLED = ['@upstash/ratelimit', '@upstash/redis', '@tanstack/pacer']

/** Clients of Redis: where there is no server, their code is only parsed. */
const CLIENTS = ['redis', 'ioredis']
let redis: RedisServer | undefined
beforeAll(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  process.env.REDIS_URL = redis.url
})
afterAll(() => redis?.stop())

// Code that writes files names them without a folder.
const before = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'spillway-pages-'))
beforeAll(() => process.chdir(folder))
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

const pages = PAGES.map((page) => [page, programsOf(page)] as const)
const programs = pages.flatMap(([page, programs]) =>
  programs.map((program) => [`${page}: ${program.heading} (${program.language})`, program] as const),
)

test.each(pages)('%s has code', (_, programs) => {
  expect(programs.filter(({ language }) => language === 'ts')).not.toEqual([])
})

test.each(programs)('%s', async (_, program) => {
  const missing = hasRedis ? NOT_INSTALLED : [...NOT_INSTALLED, ...CLIENTS]
  if (importsOf(program).some((name) => missing.includes(name))) {
    compile(program)
    return
  }
  // A client and its server have the real time in common.
  const isReal = importsOf(program).some((name) => CLIENTS.includes(name))
  if (isReal) vi.useRealTimers()
  const { claims } = await run(program).finally(() => isReal && startTime())
  expect(claims, 'claims that were checked').toBeGreaterThan(0)
})

test('our code in the pages passes the type check', () => {
  expect(typeErrors(programs.map(([, program]) => program).filter(({ language }) => language === 'ts'))).toEqual([])
}, 60_000)

/** What the compiler says of programs, each a module. */
function typeErrors(programs: readonly Program[]): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    paths: Object.fromEntries(Object.entries(SOURCES).map(([name, file]) => [name, [`${ROOT}${file}`]])),
  }
  const texts = new Map(
    programs.map(({ text }, index) => [`${ROOT}test/docs/program-${index}.ts`, `${text}\nexport {}\n`]),
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.getCurrentDirectory = () => ROOT
  host.fileExists = (file) => texts.has(file) || fileExists(file)
  host.readFile = (file) => texts.get(file) ?? readFile(file)
  host.getSourceFile = (file, ...rest) => {
    const text = texts.get(file)
    return text === undefined ? getSourceFile(file, ...rest) : ts.createSourceFile(file, text, ts.ScriptTarget.ES2022)
  }
  const files = [...texts.keys()]
  const program = ts.createProgram(files, options, host)
  return files.flatMap((file, index) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ start = 0, messageText }) => {
      const line = program.getSourceFile(file)?.getLineAndCharacterOfPosition(start).line ?? 0
      return `${programs[index].page}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    }),
  )
}
