/** What `npm run bench:http`, `bench:queue` and `bench:fleet` do with what they measured, and whether it was all that there is. */
import type { ResultName, Results } from './results.js'
import { FOLDERS, saveResults } from './results.js'
import type { TableName } from './tables/index.js'
import { failureList, TABLES } from './tables/index.js'

/** Whether all amounts are those of a whole run. */
export function isWhole<Plan extends object>(plan: Plan, whole: Partial<Plan>): boolean {
  return Object.entries(whole).every(([name, value]) => plan[name as keyof Plan] === value)
}

/** Leaves the results where `npm run bench:render` finds them, and prints them: as JSON, or tables and goals. */
export function report<Name extends Exclude<ResultName, 'simulation'>>(
  name: Name,
  result: NonNullable<Results[Name]>,
  { whole, json, tables }: { whole: boolean; json: boolean | undefined; tables: readonly TableName[] },
): void {
  const results: Results = { [name]: result }
  saveResults(whole ? FOLDERS.whole : FOLDERS.trial, name, result)
  if (json) {
    console.log(JSON.stringify(results))
    return
  }
  for (const table of tables) console.log(`\n${TABLES[table](results)}`)
  if (result.failures.length > 0) console.log(`\nNot measured:\n${failureList(result.failures)}`)
  console.log(`\n## Goals\n\n${TABLES.goals(results)}`)
}
