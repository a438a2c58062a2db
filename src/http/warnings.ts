/** Warnings of what is probably a mistake of the service: each once a process, under a name that can be searched for. */

const given = new Set<string>()

/** Warns on the console, unless it did so under this name. */
export function warnOnce(name: string, message: string): void {
  if (given.has(name)) return
  given.add(name)
  console.warn(`${name}: ${message}`)
}
