/**
 * `npm run bench:render`: fills the tables of the documents from the results of the last whole run, and draws the
 * plots. A table goes between `<!-- bench:NAME -->` and `<!-- /bench -->`. With `trial` as argument, the results of
 * the last partial run are taken.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { plots } from './plots.js'
import type { Results } from './results.js'
import { FOLDERS, loadResults, RESULT_NAMES, ROOT } from './results.js'
import { isTable, TABLES } from './tables/index.js'

const DOCUMENTS = ['README.md', 'docs/benchmarks.md']
const MARKED = /<!-- bench:([\w-]+) -->[\s\S]*?<!-- \/bench -->/g

const [given] = process.argv.slice(2)
if (given !== undefined && given !== 'trial') throw new RangeError(`The argument can be trial, not ${given}`)
const folder = given === 'trial' ? FOLDERS.trial : FOLDERS.whole
const results: Results = { ...loadResults(folder), large: loadResults(FOLDERS.large) }
if (!RESULT_NAMES.some((name) => results[name])) throw new Error(`There are no results in ${folder.pathname}`)

for (const path of DOCUMENTS) fill(path, results)
const plotFolder = new URL('bench/plots/', ROOT)
mkdirSync(plotFolder, { recursive: true })
for (const [name, text] of plots(results)) {
  writeFileSync(new URL(name, plotFolder), text)
  console.log(`bench/plots/${name} is drawn`)
}

function fill(path: string, from: Results): void {
  const file = new URL(path, ROOT)
  if (!existsSync(file)) return
  let filled = 0
  const text = readFileSync(file, 'utf8').replace(MARKED, (_, name: string) => {
    if (!isTable(name)) {
      throw new RangeError(`${path}: there is no table ${name}; there are ${Object.keys(TABLES).join(', ')}`)
    }
    filled++
    return `<!-- bench:${name} -->\n${TABLES[name](from)}\n<!-- /bench -->`
  })
  if (filled > 0) writeFileSync(file, text)
  console.log(`${path}: ${filled} tables are filled`)
}
