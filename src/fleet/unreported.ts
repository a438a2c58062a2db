/** What a process has decided about one user and the store does not know yet. */
import type { Activity } from './store.js'
import { NO_ACTIVITY } from './store.js'

/** What was told to the store, and may have to be told again. Times are readings of the clock. */
interface Told {
  /** When. */
  readonly at: number
  readonly places: number[]
  readonly spent: number
  readonly first: number
  readonly last: number
  readonly earnedMs: number
}

export class Unreported {
  /** When base places were taken, the oldest first. */
  places: number[] = []
  /** Burst tokens spent. */
  spent = 0
  /** The user's first and last request; NaN for none. */
  first = Number.NaN
  last = Number.NaN
  /** The gaps between them that earn tokens. */
  earnedMs = 0
  /** Whether one of them was denied: then the store has to learn of them, since they earned less than it believes. */
  wasDenied = false
  /** What is on its way. */
  readonly told: Told[] = []
  /** Base places that are free for certain: more may be. */
  sure = 0
  /** When the answer was given that the view has, by the store's clock. */
  knownAt = -Infinity
  /** Whether `isAllowed` was asked: then the view has to know of everything. */
  isSynchronous = false

  /** @param touched when anything was last done about the user */
  constructor(
    readonly userId: string,
    public touched = 0,
  ) {}

  /** Places and tokens of which the store has not said that it knows. */
  get held(): number {
    const held = this.places.length + this.spent
    return this.told.length === 0 ? held : held + this.#heldByTold()
  }

  #heldByTold(): number {
    let held = 0
    for (const { places, spent } of this.told) held += places.length + spent
    return held
  }

  /** Forgets places that have left the window, which it began at `from`. */
  trim(from: number): void {
    trimPlaces(this.places, from)
    // As well as those on their way: a store that is stalled may never say anything about them.
    for (const { places } of this.told) trimPlaces(places, from)
  }

  /** Notes a request of the user. */
  note(now: number, paceMs: number): void {
    if (Number.isNaN(this.first)) this.first = now
    else if (now - this.last > paceMs) this.earnedMs += now - this.last
    this.last = now
  }

  /** What to tell the store now, to be settled or taken back. */
  tell(now: number): { told: Told; activity: Activity } {
    const { places, spent, first, last, earnedMs } = this
    const told = { at: now, places, spent, first, last, earnedMs }
    this.told.push(told)
    this.places = []
    this.spent = 0
    this.earnedMs = 0
    this.first = this.last = Number.NaN
    this.wasDenied = false
    return { told, activity: activityOf(told, now) }
  }

  /** The store knows of it. False if it was taken back before. */
  settle(told: Told): boolean {
    const index = this.told.indexOf(told)
    if (index >= 0) this.told.splice(index, 1)
    return index >= 0
  }

  /** Takes back what was told so long ago that nobody will say what became of it. */
  abandon(before: number): void {
    while (this.told.length > 0 && (this.told[0] as Told).at < before) this.takeBack(this.told[0] as Told)
  }

  /** The store may not know of it: told twice, it counts twice, which is safe. */
  takeBack(told: Told): void {
    if (!this.settle(told)) return
    this.places = [...told.places, ...this.places]
    this.spent += told.spent
    this.earnedMs += told.earnedMs
    if (Number.isNaN(told.first)) return
    this.first = told.first
    this.wasDenied = true
    if (Number.isNaN(this.last)) this.last = told.last
  }
}

function trimPlaces(places: number[], from: number): void {
  let gone = 0
  while (gone < places.length && (places[gone] as number) <= from) gone++
  if (gone > 0) places.splice(0, gone)
}

export function activityOf({ places, spent, first, last, earnedMs }: Omit<Told, 'at'>, now: number): Activity {
  const isNone = Number.isNaN(first)
  if (isNone && spent === 0 && places.length === 0) return NO_ACTIVITY
  return {
    firstMs: isNone ? -1 : now - first,
    lastMs: isNone ? -1 : now - last,
    earnedMs,
    spent,
    placesMs: places.map((time) => now - time),
  }
}
