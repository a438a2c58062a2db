/** What `npm start` says at its end is there to be tried. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }

it('ends with three lines of what else there is', () => {
  const steps = scripts.start!.split(' && ')
  expect(steps.at(-4)).toBe('node dist/cli/main.js stress')
  const said = steps.slice(-3).map((step) => step.replace(/^echo /, ''))
  for (const line of said) expect(line.length).toBeLessThanOrEqual(80)
  for (const [, script] of said.join('\n').matchAll(/npm run (\S+)/g)) expect(scripts).toHaveProperty(script!)
  const [, examples] = /examples\/(.*) and more/.exec(said[2]!)!
  for (const name of examples!.split(', ')) expect(existsSync(`${root}examples/${name}`), name).toBe(true)
})
