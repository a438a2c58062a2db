/** Items by a number each, the least first: users by when they are due, waiters by when they give up. */

export interface Placed {
  /** Where the heap has it; anything that is not there if none has. */
  place: number
}

/** The numbers are kept apart from the items, where engines hold them as plain doubles rather than as objects. */
export class Heap<Item extends Placed> {
  readonly #items: Item[] = []
  readonly #keys: number[] = []

  /** The least number; `Infinity` if there is no item. */
  get least(): number {
    return this.#keys.length > 0 ? this.#keys[0] : Infinity
  }

  /** The number of an item that is there. */
  keyOf(item: Item): number {
    return this.#keys[item.place]
  }

  has(item: Item): boolean {
    return this.#items[item.place] === item
  }

  add(item: Item, key: number): void {
    this.#keys.push(key)
    this.#rise(this.#items.push(item) - 1)
  }

  /** The item with the least number. */
  get first(): Item | undefined {
    return this.#items[0]
  }

  delete(item: Item): void {
    if (!this.has(item)) return
    const { place } = item
    const last = this.#items.pop()!
    const key = this.#keys.pop()!
    item.place = -1
    if (last === item) return
    this.#set(place, last, key)
    this.#rise(place)
    this.#sink(last.place)
  }

  #set(place: number, item: Item, key: number): void {
    this.#items[place] = item
    this.#keys[place] = key
    item.place = place
  }

  #rise(from: number): void {
    const item = this.#items[from]
    const key = this.#keys[from]
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#keys[parent] <= key) break
      this.#set(place, this.#items[parent], this.#keys[parent])
      place = parent
    }
    this.#set(place, item, key)
  }

  #sink(from: number): void {
    const item = this.#items[from]
    const key = this.#keys[from]
    let place = from
    for (;;) {
      let child = 2 * place + 1
      if (child + 1 < this.#keys.length && this.#keys[child + 1] < this.#keys[child]) child++
      if (!(this.#keys[child] < key)) break
      this.#set(place, this.#items[child], this.#keys[child])
      place = child
    }
    this.#set(place, item, key)
  }
}
