/**
 * The names that `--only` chooses: all of them where it is not given.
 *
 * @param {string | undefined} only names separated by commas
 * @param {string[]} names those that there are
 */
export function chosen(only, names) {
  const wanted = only?.split(',') ?? names
  const unknown = wanted.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new RangeError(`--only: there is no ${unknown}; there are ${names.join(', ')}`)
  return wanted
}
