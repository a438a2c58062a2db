/** What the script gives, read: `script.ts` has the format. */
import type { Quota } from '../../limiter/index.js'
import { TICKS } from '../../limiter/index.js'
import type { UserRecord } from '../../limiter/user-record.js'
import { ticksAt } from '../../limiter/user-record.js'
import type { Answer } from '../store.js'

const VERDICTS = { A: 'admitted', L: 'limit', B: 'blocked', S: 'stale' } as const

/** A cell is three characters of six bits, from this one on; a count is five. */
const ZERO = 48
const CELL = 3
const COUNTED_CELL = 8

const PATTERN = /^([ALBS])(\d+);(\d+);(?:(\d+);([^;]*);(\d*)([;:]))?/

/** An answer that is read as far as somebody looks. */
export class PackedAnswer implements Answer {
  readonly verdict: Answer['verdict']
  readonly places: number
  readonly atMs: number
  readonly tokens: number
  readonly #text: string
  readonly #cellsAt: number
  readonly #isCounted: boolean
  readonly #lastMs: number
  readonly #blockedMs: number
  readonly #windowMs: number

  /** @throws {Error} for what the script does not give */
  constructor(text: string, { windowMs }: Quota) {
    const found = PATTERN.exec(text)
    if (found === null) throw new Error(`The store gave what is no answer: ${JSON.stringify(text.slice(0, 40))}`)
    const [whole, letter, places, now, last = now, tokens = '0', blocked, end] = found
    this.verdict = VERDICTS[letter as keyof typeof VERDICTS]
    this.places = Number(places)
    this.atMs = Number(now) / 1000
    this.tokens = Number(tokens)
    this.#text = text
    this.#cellsAt = whole.length
    this.#isCounted = end === ':'
    this.#lastMs = Number(last) / 1000
    this.#blockedMs = blocked ? Number(blocked) / 1000 : 0
    this.#windowMs = windowMs
  }

  get taken(): number {
    if (!this.#isCounted) return (this.#text.length - this.#cellsAt) / CELL
    let sum = 0
    for (let at = this.#cellsAt; at < this.#text.length; at += COUNTED_CELL) sum += this.#digits(at + CELL, 5)
    return sum
  }

  get resetMs(): number {
    const { length } = this.#text
    if (length === this.#cellsAt) return 0
    const age = this.#age(length - (this.#isCounted ? COUNTED_CELL : CELL))
    return ((TICKS - age - this.#fraction) * this.#windowMs) / TICKS
  }

  record(): UserRecord {
    const ages: number[] = []
    const counts: number[] = []
    const width = this.#isCounted ? COUNTED_CELL : CELL
    for (let at = this.#cellsAt; at < this.#text.length; at += width) {
      ages.push(this.#age(at))
      if (this.#isCounted) counts.push(this.#digits(at + CELL, 5))
    }
    return {
      idleMs: this.atMs - this.#lastMs,
      tokens: this.tokens,
      blockedMs: Math.max(0, this.#blockedMs - this.atMs),
      ages,
      counts: this.#isCounted ? counts : undefined,
      fraction: this.#fraction,
    }
  }

  get #ticks(): number {
    return ticksAt(this.atMs, this.#windowMs)
  }

  get #fraction(): number {
    return this.#ticks - Math.floor(this.#ticks)
  }

  #age(at: number): number {
    return (((Math.floor(this.#ticks) % 65536) + 1 - this.#digits(at, CELL) + 65536) % 65536) - 1
  }

  #digits(at: number, count: number): number {
    let number = 0
    for (let digit = 0; digit < count; digit++) number = number * 64 + this.#text.charCodeAt(at + digit) - ZERO
    return number
  }
}
