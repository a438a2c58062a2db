/**
 * Nothing happens at import: it compiles nothing, starts nothing, changes nothing, and needs nothing but the language.
 * So it works where a test runner, a sandbox or a snapshot of the heap has other globals than the platform's.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { buildSync } from 'esbuild'
import { describe, expect, test, vi } from 'vitest'
import { ROOT } from './packed.js'

const ESM = `${ROOT}dist/index.mjs`
const CJS = `${ROOT}dist/index.cjs`

/** A process that runs longer has hung; a busy machine takes a while to start one. */
const LONGEST_MS = 60_000

vi.setConfig({ testTimeout: 2 * LONGEST_MS })

/** Runs a program of Node in a process of its own, and gives what it printed as JSON. */
function run(args: string[], cwd = ROOT) {
  const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' }
  return JSON.parse(execFileSync(process.execPath, args, { cwd, env, encoding: 'utf8', timeout: LONGEST_MS }))
}

const IMPORTS = {
  import: `await import(${JSON.stringify(ESM)})`,
  require: `(await import('node:module')).createRequire(${JSON.stringify(ROOT)})(${JSON.stringify(CJS)})`,
}

describe.each(Object.entries(IMPORTS))('%s', (_name, load) => {
  test('leaves no timer, no listener, no handle and no global', () => {
    const { before, after } = run([
      '--input-type=module',
      '-e',
      `const state = () => ({
         // Node's own reading of files goes on for a while.
         resources: process.getActiveResourcesInfo().filter((name) => !/Req/.test(name)),
         listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
         globals: Reflect.ownKeys(globalThis).map(String),
       })
       // What importing anything at all leaves behind is there before.
       await import('data:text/javascript,');
       (await import('node:module')).createRequire(import.meta.url)
       const before = state()
       const spillway = ${load}
       console.log(JSON.stringify({ before, after: state() }))`,
    ])
    expect(after).toEqual(before)
  })

  test('compiles nothing', () => {
    const compiled = run([
      '--input-type=module',
      '-e',
      `let compiled = 0
       for (const name of ['Module', 'Instance', 'Memory', 'compile', 'instantiate']) {
         const original = WebAssembly[name]
         WebAssembly[name] = new Proxy(original, {
           apply: (...call) => (compiled++, Reflect.apply(...call)),
           construct: (...call) => (compiled++, Reflect.construct(...call)),
         })
       }
       const { loadLimiter } = ${load}
       const atImport = compiled
       await loadLimiter()
       console.log(JSON.stringify({ atImport, atLoading: compiled > 0 }))`,
    ])
    expect(compiled).toEqual({ atImport: 0, atLoading: true })
  })

  test('works with frozen intrinsics', () => {
    const answers = run([
      '--frozen-intrinsics',
      '--input-type=module',
      '-e',
      `const { createLimiter, loadLimiter } = ${load}
       const limiters = [createLimiter({ limit: 1 }), await loadLimiter({ limit: 1 })]
       console.log(JSON.stringify(limiters.map((limiter) => [limiter.isAllowed('a'), limiter.check('a').reason])))`,
    ])
    expect(answers).toEqual([
      [true, 'limit'],
      [true, 'limit'],
    ])
  })
})

describe('in a context of node:vm', () => {
  function evaluate(globals: object) {
    const module = { exports: {} as typeof import('../../src/index.js') }
    runInContext(`(function (module, exports) {${readFileSync(CJS, 'utf8')}\n})`, createContext(globals))(
      module,
      module.exports,
    )
    return module.exports
  }

  test('importing needs no global of the platform', () => {
    expect(Object.keys(evaluate({}))).toContain('loadLimiter')
  })

  test('a limiter needs random values, and a module, a clock and no timer where the context has none', () => {
    const module = new WebAssembly.Module(readFileSync(`${ROOT}dist/core.wasm`))
    const { createLimiter } = evaluate({ crypto })
    const limiter = createLimiter({ module, limit: 1, clock: () => 0, sweepIntervalMs: 0 })
    expect([limiter.isAllowed('a'), limiter.isAllowed('a')]).toEqual([true, false])
    limiter.close()
  })

  test('with the globals of a browser, a limiter needs nothing', async () => {
    const { createLimiter, loadLimiter } = evaluate({ atob, clearTimeout, crypto, performance, setTimeout })
    for (const limiter of [createLimiter({ limit: 1 }), await loadLimiter({ limit: 1 })]) {
      expect([limiter.isAllowed('a'), limiter.isAllowed('a')]).toEqual([true, false])
      limiter.close()
    }
  })
})

describe('a startup snapshot', () => {
  test('taken after importing, used after starting from it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-snapshot-'))
    try {
      const contents = `import { coarseClock, createLimiter, loadLimiter } from ${JSON.stringify(ESM)}
        import { startupSnapshot } from 'node:v8'
        startupSnapshot.setDeserializeMainFunction(async () => {
          const limiters = [
            createLimiter({ limit: 1, windowMs: 1e9 }),
            createLimiter({ limit: 1, windowMs: 1e9, clock: coarseClock() }),
            await loadLimiter({ limit: 1, windowMs: 1e9 }),
          ]
          const answers = limiters.map((limiter) => [limiter.isAllowed('a'), limiter.check('a').reason])
          const withTokens = createLimiter({ burst: { refillPerSecond: 1000 } })
          // Ends only if the clock runs on.
          while (withTokens.getBurstAllowance('a') === 0);
          console.log(JSON.stringify(answers))
        })`
      // Node takes a snapshot of one file.
      buildSync({
        stdin: { contents, resolveDir: folder },
        outfile: `${folder}/main.cjs`,
        bundle: true,
        platform: 'node',
        format: 'cjs',
      })
      const blob = ['--snapshot-blob', `${folder}/snapshot.blob`]
      execFileSync(process.execPath, [...blob, '--build-snapshot', `${folder}/main.cjs`], { stdio: 'pipe' })
      const answers = run([...blob, 'main.cjs'], folder)
      expect(answers).toEqual(new Array(3).fill([true, 'limit']))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
