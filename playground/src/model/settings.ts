/**
 * What can be chosen on the page, and its form in the address: a hash that names only what differs from the defaults.
 * Any address gives settings that the page can use: numbers are brought into their range, and nonsense leaves the
 * default.
 */
import type { PatternName } from './patterns.js'
import { isPatternName } from './patterns.js'
import type { Scenario } from './simulation.js'
import { USER_IDS } from './simulation.js'

export interface Settings extends Scenario {
  /** The limit of requests that are sent by hand, where it is lower than the limiter's. */
  readonly handLimit: number
  /** The user whose requests are drawn, by index. */
  readonly shown: number
  /** Simulated milliseconds a real one: one of `SPEEDS`. */
  readonly speed: number
  /** How many times the time axis is drawn out: one of `ZOOMS`. */
  readonly zoom: number
}

/** A number that can be chosen: its range, and the step to which it is rounded. */
interface Choice {
  readonly key: string
  readonly min: number
  readonly max: number
  readonly step: number
}

/** The last ones are for windows of minutes and hours. */
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60, 600, 3600] as const

export const ZOOMS = [1, 2, 4, 8] as const

/** Highest limit. */
const MOST = 10_000

export const CHOICES = {
  limit: { key: 'limit', min: 1, max: MOST, step: 1 },
  windowMs: { key: 'window', min: 100, max: 3_600_000, step: 1 },
  capacity: { key: 'burst', min: 0, max: MOST, step: 1 },
  refillPerSecond: { key: 'refill', min: 0, max: 100, step: 0.1 },
  seed: { key: 'seed', min: 0, max: 9999, step: 1 },
  handLimit: { key: 'hand', min: 0, max: MOST, step: 1 },
  sharedLimit: { key: 'shared', min: 0, max: MOST, step: 1 },
  processes: { key: 'processes', min: 1, max: 20, step: 1 },
  hopMs: { key: 'hop', min: 0, max: 1000, step: 1 },
  allowance: { key: 'allowance', min: 0, max: MOST, step: 1 },
} satisfies Record<string, Choice>

export type ChoiceName = keyof typeof CHOICES

export const CHOICE_NAMES = Object.keys(CHOICES) as ChoiceName[]

export const DEFAULTS: Settings = {
  limit: 50,
  windowMs: 1000,
  capacity: 100,
  refillPerSecond: 1,
  seed: 1,
  handLimit: MOST,
  sharedLimit: 0,
  processes: 4,
  hopMs: 20,
  allowance: 0,
  patterns: ['edge', 'bursts', 'hammer', 'none'],
  shown: 0,
  speed: 1,
  zoom: 1,
}

/** The highest number that can be chosen beside other settings: of some choices, the limit. */
export function mostOf(name: ChoiceName, { limit }: Pick<Settings, 'limit'>): number {
  return name === 'handLimit' || name === 'allowance' ? limit : CHOICES[name].max
}

/** Brings a number into the range of a choice; gives `fallback` for what is no number. */
export function correct(
  name: ChoiceName,
  value: number,
  fallback: number = DEFAULTS[name],
  max: number = CHOICES[name].max,
): number {
  const { min, step } = CHOICES[name]
  if (Number.isNaN(value)) return fallback
  const kept = Math.min(max, Math.max(min, value))
  // By division where the step is a fraction: 3 x 0.1 is not 0.3, but 3 / 10 is.
  return step < 1 ? Math.round(kept / step) / Math.round(1 / step) : Math.round(kept)
}

/** Why a choice has another value than was asked for; undefined if it has that value. */
export function correction(
  name: ChoiceName,
  given: number,
  value: number,
  max: number = CHOICES[name].max,
): string | undefined {
  if (given === value) return undefined
  const { min } = CHOICES[name]
  if (Number.isNaN(given)) return `That is no number: it stays ${figure(value)}.`
  if (given > max) return `${figure(given)} is too high: ${figure(max)} is the most.`
  if (given < min) return `${figure(given)} is too low: ${figure(min)} is the least.`
  return `${given} is rounded to ${figure(value)}.`
}

/** What had to be corrected in the hash of an address. */
export function correctionsIn(hash: string): Partial<Record<ChoiceName, string>> {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const found: Partial<Record<ChoiceName, string>> = {}
  for (const name of CHOICE_NAMES) {
    const text = given.get(CHOICES[name].key)
    if (text === null) continue
    const asked = numberIn(text)
    const told = correction(name, asked, correct(name, asked))
    if (told) found[name] = told
  }
  return found
}

/** Reads settings from the hash of an address. */
export function parseSettings(hash: string): Settings {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const number = (name: ChoiceName) => correct(name, numberIn(given.get(CHOICES[name].key)))
  const shown = USER_IDS.findIndex((id) => id.toLowerCase() === given.get('show')?.toLowerCase())
  return {
    ...(Object.fromEntries(CHOICE_NAMES.map((name) => [name, number(name)])) as Record<ChoiceName, number>),
    patterns: USER_IDS.map((id, index) => patternIn(given.get(id.toLowerCase()), index)),
    shown: Math.max(0, shown),
    speed: nearest(SPEEDS, numberIn(given.get('speed')), DEFAULTS.speed),
    zoom: nearest(ZOOMS, numberIn(given.get('zoom')), DEFAULTS.zoom),
  }
}

/** Writes settings as the hash of an address, without the `#`; empty for the defaults. */
export function formatSettings(settings: Settings): string {
  const named = new URLSearchParams()
  const put = (key: string, value: string | number, usual: string | number | undefined) => {
    if (value !== usual) named.set(key, String(value))
  }
  for (const name of CHOICE_NAMES) put(CHOICES[name].key, settings[name], DEFAULTS[name])
  USER_IDS.forEach((id, index) => {
    put(id.toLowerCase(), settings.patterns[index] ?? 'none', DEFAULTS.patterns[index])
  })
  put('show', userKey(settings.shown), userKey(DEFAULTS.shown))
  put('speed', settings.speed, DEFAULTS.speed)
  put('zoom', settings.zoom, DEFAULTS.zoom)
  return named.toString()
}

/** Whether an address stands for these settings, whoever is shown and however fast. */
export function isSameScenario(settings: Settings, hash: string): boolean {
  const { shown, speed, zoom, handLimit } = settings
  return formatSettings({ ...parseSettings(hash), shown, speed, zoom, handLimit }) === formatSettings(settings)
}

/** Whether the hash of an address asks for a page that starts paused. */
export function startsPaused(hash: string): boolean {
  const given = new URLSearchParams(hash.replace(/^#/, '')).get('paused')
  return given !== null && given !== '0' && given !== 'false'
}

function figure(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en', { maximumFractionDigits: 2 }) : String(value)
}

function numberIn(text: string | null): number {
  return text === null || text.trim() === '' ? Number.NaN : Number(text)
}

function patternIn(text: string | null, index: number): PatternName {
  return text !== null && isPatternName(text) ? text : (DEFAULTS.patterns[index] ?? 'none')
}

function nearest(stops: readonly number[], value: number, fallback: number): number {
  if (Number.isNaN(value)) return fallback
  return stops.reduce((best, stop) => (Math.abs(stop - value) < Math.abs(best - value) ? stop : best))
}

function userKey(index: number): string {
  return (USER_IDS[index] ?? USER_IDS[0]).toLowerCase()
}
