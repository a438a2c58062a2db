/** Code in pages that breaks its claims fails, and so does a claim that cannot be checked. */
import { expect, test } from 'vitest'
import type { Program } from './page-code.js'
import { compile, programUnder, run, startTime } from './page-code.js'

startTime()

function programOf(text: string): Program {
  return { page: 'page.md', heading: 'Code', language: 'ts', text }
}

test('a program gives what it declares, and counts its claims', async () => {
  const text = `
import { manualClock as makeClock } from 'spillway'
const clock = makeClock(5)
const { a, b: [c] } = { a: 1, b: [2] }
function double(n: number) {
  n // not a claim: no statement at the top
  return 2 * n
}
clock() // 5
double(a) // 2: prose
for (const n of [1, 2]) double(n) > 0 // true`
  const { names, claims } = await run(programOf(text))
  expect(Object.keys(names)).toEqual(['makeClock', 'clock', 'a', 'c', 'double'])
  expect(names.c).toBe(2)
  expect(claims).toBe(4)
})

test.each([
  '1 + 1 // 3',
  '({ a: 1, b: 2 }) // { a: 2 }',
  '({ a: 1 }) // { a: 1, b: undefined, c: 3 }',
  "'x' // 'y'",
  '[1, 2] // [1]',
  'undefined // null',
  "(() => { throw new TypeError('no') })() // 1",
  "(() => { throw new TypeError('no') })() // throws RangeError",
  'Promise.reject({ a: 1 }) // throws { a: 2 }',
  '1 // throws Error',
  'Promise.resolve(1) // 2',
])('fails: %s', async (text) => {
  await expect(run(programOf(text))).rejects.toThrow('page.md:1')
})

test.each([
  '1 + 1 // 2',
  '({ a: 1, b: 2 }) // { a: 1 }',
  '[1, 2] // [1, 2]',
  'Infinity // Infinity',
  '60_000 // 60_000: a minute',
  "(() => { throw new TypeError('no') })() // throws TypeError",
  'Promise.reject({ a: 1 }) // throws { a: 1 }',
])('passes: %s', async (text) => {
  expect(await run(programOf(text))).toMatchObject({ claims: 1 })
})

test('what cannot be checked is an error', () => {
  expect(() => compile(programOf('\n1 + 1 // ture'))).toThrow('page.md:2 claims nothing that can be checked: ture')
  expect(() => compile(programOf('const = 1'))).toThrow(SyntaxError)
  expect(() => programUnder('docs/recipes.md', 'No such recipe')).toThrow('No such recipe')
})

test('time passes where a comment says so, and is whole milliseconds', async () => {
  const text = `
const start = performance.now()
// 1.5 s later
performance.now() - start // 1500
// 2 min later, and more prose
performance.now() - start // 121_500`
  expect(await run(programOf(text))).toMatchObject({ claims: 2 })
})
