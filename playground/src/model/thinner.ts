/**
 * Leaves out marks that could not be told apart. At a limit of 10,000 a hammering user sends 40,000 requests a window, of
 * which a chart has room for some hundred: one of each kind is kept for each short part of the window.
 */
import type { Quota } from '../../../src/limiter/index.js'

/** Windows on the page, and times the limit that a user sends at most, with the button held. */
const SHOWN_WINDOWS = 4
const MOST_TIMES = 6
/** Parts of a window that a mark stands for. */
const PARTS = 2000

export class Thinner {
  /** 0: every mark is kept. */
  readonly #grainMs: number
  /** By kind: the part of which the last mark was kept. */
  readonly #last: number[] = []

  /** @param room marks that are kept */
  constructor({ limit, windowMs }: Quota, room: number) {
    this.#grainMs = SHOWN_WINDOWS * MOST_TIMES * limit > room ? windowMs / PARTS : 0
  }

  /** Whether to keep a mark of a kind, a small whole number. Times never go back. */
  keeps(time: number, kind: number): boolean {
    if (this.#grainMs === 0) return true
    const part = Math.floor(time / this.#grainMs)
    if (this.#last[kind] === part) return false
    this.#last[kind] = part
    return true
  }
}
