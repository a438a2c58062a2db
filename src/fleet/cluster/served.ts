/**
 * The ledger that this process serves, if it serves one: for those in the primary itself who share its limits. Known to the whole
 * process, since the package may be loaded twice in it, by `import` and by `require`.
 */
import type { Ledger } from '../ledger/ledger.js'

const SERVED: unique symbol = Symbol.for('spillway.fleet/1') as never

const here = globalThis as { [SERVED]?: Pick<Ledger, 'begin' | 'ask' | 'reset'> | undefined }

export function servedHere() {
  return here[SERVED]
}

export function serve(ledger: Ledger | undefined): void {
  here[SERVED] = ledger
}
