/** Ctrl-C, in processes of their own that run the bundled command line. */
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
const main = join(folder, 'main.mjs')

beforeAll(() => {
  execFileSync(process.execPath, ['scripts/bundle-cli.mjs', main], { cwd: root })
})
afterAll(() => rmSync(folder, { recursive: true }))

const LINE = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1\n'

/** Collects what a process writes. */
function outputOf(child: ChildProcess) {
  const output = { out: '', err: '' }
  child.stdout!.on('data', (text) => {
    output.out += text
  })
  child.stderr!.on('data', (text) => {
    output.err += text
  })
  return output
}

/** Resolves when what was collected matches. */
async function until(child: ChildProcess, output: { out: string }, sign: RegExp): Promise<void> {
  while (!sign.test(output.out)) await once(child.stdout!, 'data')
}

describe('Ctrl-C', () => {
  it('ends a stress run with its report so far', async () => {
    const child = spawn(process.execPath, [main, 'stress', '--duration', '3600'])
    const output = outputOf(child)
    const closed = once(child, 'close')
    await until(child, output, /Spillway stress/)
    child.kill('SIGINT')
    expect(await closed).toEqual([130, null])
    expect(output.err).toBe('')
    expect(output.out).toMatch(/\n {2}Requests +\d/)
    expect(output.out).toMatch(/\n {2}Wrong decisions +none\n/)
    expect(output.out).toMatch(/\nINTERRUPTED. Until then: PASSED\n$/)
  })

  it('ends a replay with its report so far, and standard input that never ends', async () => {
    const child = spawn(process.execPath, [main, 'replay', '--json', '-'])
    const output = outputOf(child)
    const closed = once(child, 'close')
    // More than a pipe and the streams at its ends hold, so when it is written some of it was read.
    child.stdin.write(LINE.repeat(50_000))
    await once(child.stdin, 'drain')
    child.kill('SIGINT')
    expect(await closed).toEqual([130, null])
    expect(output.err).toBe('')
    const report = JSON.parse(output.out)
    expect(report).toMatchObject({ interrupted: true, users: 1, lowestLimits: [] })
    expect(report.requests).toBeGreaterThan(0)
    child.stdin.destroy()
  })

  const hasScript = process.env.CI === 'true' || spawnSync('script', ['--version']).status === 0
  it.skipIf(!hasScript).each([
    ['stress --duration 3600', '', /stress \[/],
    ['replay -', LINE, /Reading {2}\d+ requests/],
  ])('leaves a clean terminal: %s (skipped where the tool script is absent)', async (args, input, sign) => {
    // `script` gives the command a terminal, on which typing ^C sends SIGINT.
    const command = `'${process.execPath}' '${main}' ${args}`
    const child = spawn('script', ['-qefc', command, '/dev/null'])
    const output = outputOf(child)
    const closed = once(child, 'close')
    child.stdin.write(input)
    await until(child, output, sign)
    child.stdin.write('\x03')
    expect(await closed).toEqual([130, null])
    // The last line that held a bar was cleared, and nothing hid the cursor or switched wrapping off for good.
    const afterBar = output.out.slice(output.out.lastIndexOf('\x1b[0K'))
    expect(afterBar).toContain('INTERRUPTED')
    expect(afterBar).not.toMatch(/stress \[|Reading/)
    expect(output.out).not.toContain('\x1b[?25l')
    expect(output.out.lastIndexOf('\x1b[?7l')).toBeLessThanOrEqual(output.out.lastIndexOf('\x1b[?7h'))
  })
})
