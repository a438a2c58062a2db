/** `spillway/cluster` over real processes: `cluster-scenarios.ts` has what they do. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../package/packed.js'

const folder = mkdtempSync(join(tmpdir(), 'spillway-cluster-'))
const script = join(folder, 'scenarios.mjs')

beforeAll(async () => {
  await build({
    entryPoints: [`${ROOT}test/fleet/cluster-scenarios.ts`],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: { '#core-module': `${ROOT}src/limiter/core-module.ts` },
  })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a scenario, and gives what its primary prints. */
async function run(scenario: string): Promise<Record<string, unknown>> {
  const env = { ...process.env, NODE_OPTIONS: '', NODE_CHANNEL_FD: undefined }
  const args = [script, scenario, 'primary', join(folder, scenario)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 50_000, killSignal: 'SIGKILL' })
  return JSON.parse(stdout)
}

test('check: no window holds more than the limit, by the clock of the primary', async () => {
  const { told, byLedger } = await run('check')
  expect(told).toBeGreaterThan(200)
  // Nothing was lost either: somebody asks all the time.
  expect(byLedger).toBe(50)
})

test('isAllowed: no window holds more than the limit and an allowance for each process', async () => {
  const { told, byWorkers } = await run('isAllowed')
  expect(told).toBeGreaterThan(200)
  expect(byWorkers).toBeGreaterThanOrEqual(50)
  expect(byWorkers).toBeLessThanOrEqual(50 + 4 * 13)
})

test('a worker that is killed with questions open takes what the primary heard of, and nobody down', async () => {
  const { signal, taken, admitted } = await run('crash')
  expect(signal).toBe('SIGKILL')
  expect(taken).toBe(admitted)
})

test('while the primary stands still, workers decide alone; then it answers again, and has not done what came too late', async () => {
  expect(await run('stall')).toEqual({ allowed: true, isAlone: true, states: ['unavailable', 'available'], decided: 0 })
})

test('children and the primary itself share a limit, which keeps no child alive', async () => {
  expect(await run('children')).toEqual({ seen: [49, 48, 47, 46], exits: [0, 0] })
})

test('a channel that closes rejects what is open, at once', async () => {
  expect(await run('disconnect')).toEqual({ code: 0, said: true })
})

test('errors tell what is missing', async () => {
  const { before, twice, closed, inWorker } = await run('alone')
  expect(before).toMatch(/^clusterStore needs a primary: .* or call serveFleet first$/)
  expect(twice).toBe('serveFleet was called in this process already')
  expect(closed).toBe('The server of the fleet is closed')
  expect(inWorker).toMatch(/^serveFleet is for the primary, and this is a worker/)
})

/** Starts a program of the built package whose workers listen, and gives its address to `use`. */
async function withServer(file: string, use: (url: string) => Promise<void>): Promise<void> {
  const listening = `
    import cluster from 'node:cluster'
    cluster.once('listening', (_, { port }) => console.log('port ' + port))`
  const args = ['--import', `data:text/javascript,${encodeURIComponent(listening)}`, file]
  const env = { ...process.env, NODE_OPTIONS: '', NODE_CHANNEL_FD: undefined, PORT: '0' }
  const server = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'exit')
  try {
    for await (const line of createInterface(server.stdout)) {
      const [, port] = /^port (\d+)$/.exec(line) ?? []
      if (port === undefined) continue
      await use(`http://127.0.0.1:${port}`)
      break
    }
  } finally {
    server.kill()
    await ended
  }
}

/** The statuses of requests at once, each on a connection of its own. */
async function ask(url: string, requests: number): Promise<number[]> {
  const init = { headers: { connection: 'close' } }
  const responses = await Promise.all(Array.from({ length: requests }, () => fetch(url, init)))
  await Promise.all(responses.map((response) => response.arrayBuffer()))
  return responses.map(({ status }) => status)
}

test('the example: workers of a server share a limit', async () => {
  await withServer('examples/cluster/server.mjs', async (url) => {
    const start = performance.now()
    const statuses = await ask(url, 100)
    const seconds = Math.ceil((performance.now() - start) / 1000)
    const admitted = statuses.filter((status) => status === 200).length
    expect(admitted).toBeGreaterThan(0)
    // With the tokens, and with what each worker may admit alone if the machine is too slow for answers in time.
    expect(admitted).toBeLessThanOrEqual(20 + 4 * 3 + 10 * (1 + seconds))
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
  })
})

test('the program at the top of the page is one that works', async () => {
  const [, program] = /^```mjs\n([\s\S]*?)^```/m.exec(readFileSync(`${ROOT}docs/cluster.md`, 'utf8')) ?? []
  const file = join(ROOT, 'build', 'cluster-page.mjs')
  writeFileSync(file, (program as string).replace('listen(8080)', 'listen(0)'))
  await withServer(file, async (url) => {
    const start = performance.now()
    const statuses = await ask(url, 200)
    const seconds = Math.ceil((performance.now() - start) / 1000)
    const admitted = statuses.filter((status) => status === 200).length
    expect(admitted).toBeGreaterThan(0)
    expect(admitted).toBeLessThanOrEqual(4 * 13 + 50 * (1 + seconds))
  })
  rmSync(file)
})
