/** The command line as users run it: bundled, in a process of its own, with nothing installed beside it. */
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
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

const hasScript = process.env.CI === 'true' || spawnSync('script', ['--version']).status === 0

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

describe('the bundle', () => {
  function run(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  it('knows its version and needs no other package', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(run('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('brings the licenses of what it bundles', () => {
    const text = readFileSync(main, 'utf8')
    for (const name of ['commander', 'cli-progress']) expect(text).toMatch(new RegExp(`\n${name} [\\d.]+ \\(MIT\\)\n`))
  })

  it('lists its commands', () => {
    const { status, stdout } = run('--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(/\n {2}stress /)
    expect(stdout).toMatch(/\n {2}replay /)
    expect(stdout).toMatch(/\n {2}bench /)
  })

  it.skipIf(!hasScript).each(['stress', 'replay', 'bench'])(
    'helps on a narrow terminal: %s (skipped where the tool script is absent)',
    (command) => {
      const typed = `stty cols 60; '${process.execPath}' '${main}' ${command} --help`
      const { stdout } = spawnSync('script', ['-qefc', typed, '/dev/null'], { encoding: 'utf8' })
      const rows = stdout.split(/\r?\n/)
      expect(rows.length).toBeGreaterThan(20)
      expect(rows.filter((row) => row.length > 60)).toEqual([])
    },
  )

  it.each([
    [['stress', '--limit', '0'], /^error: .*'0' is invalid. It must be a whole number from 1 to 1,000,000,000\.\n$/],
    [['stress', '--users', '40000000'], /^error: .* It must be a whole number from 1 to 30,000,000\.\n$/],
    [['stress', '--duration', '0'], /^error: .* It must be a number from 0.1 to 86,400\.\n$/],
    [['replay', '--refill', '2000000000', '-'], /^error: .* It must be a number from 0 to 1,000,000,000\.\n$/],
    [['replay', 'missing.log'], /^error: missing.log: no such file\n$/],
    [['replay', '--trust', 'proxy', '-'], /^error: .*trust must hold addresses, networks such as .*\n$/],
    [['replay', '--format', 'w3c', '-'], /^error: .*'w3c' is invalid. Allowed choices are combined, .*\n$/],
    [['bench', '--seconds', '0'], /^error: .* It must be a number from 0.01 to 3,600\.\n$/],
    [['stress', '--wrong'], /^error: unknown option '--wrong'\n$/],
  ])('answers %j in one line', (args, line) => {
    expect(run(...args)).toEqual({ status: 1, stdout: '', stderr: expect.stringMatching(line) })
  })
})

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

  it.skipIf(!hasScript).each([
    ['stress --duration 3600', '', /stress \[/],
    ['bench --seconds 3600 --users 1000', '', /bench \[/],
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
    expect(afterBar).toContain('\x1b[2K')
    expect(afterBar).toContain('INTERRUPTED')
    expect(afterBar).not.toMatch(/stress \[|bench \[|Reading/)
    expect(output.out).not.toContain('\x1b[?25l')
    expect(output.out.lastIndexOf('\x1b[?7l')).toBeLessThanOrEqual(output.out.lastIndexOf('\x1b[?7h'))
  })
})
