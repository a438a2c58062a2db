/**
 * The latest rows of a table of numbers. The first column is time, which never goes back. Memory is fixed, and what is
 * kept lies in one piece, so a chart draws from views and copies nothing.
 */

/** A column of numbers for each name, and one of times. */
type Columns<Column extends string> = Record<Column | 'time', Float64Array<ArrayBuffer>>

export class Track<Column extends string> {
  readonly #keep: number
  readonly #names: readonly (Column | 'time')[]
  readonly #columns: Columns<Column>
  #length = 0

  /**
   * @param columns names of the columns besides the time
   * @param keep rows that are always kept; up to twice as many may be
   */
  constructor(columns: readonly Column[], keep: number) {
    this.#keep = keep
    this.#names = ['time', ...columns]
    this.#columns = this.#each(() => new Float64Array(2 * keep))
  }

  get length(): number {
    return this.#length
  }

  append(row: Readonly<Record<Column | 'time', number>>): void {
    if (this.#length === 2 * this.#keep) this.#dropOlder()
    for (const name of this.#names) this.#columns[name][this.#length] = row[name]
    this.#length++
  }

  /** The rows from `time` on, a view a column, with the row before them if `before` asks for it. */
  since(time: number, before = false): Columns<Column> {
    const from = Math.max(0, this.#find(time) - (before ? 1 : 0))
    return this.#view(from)
  }

  /** The last rows, so many or fewer. */
  last(count: number): Columns<Column> {
    return this.#view(Math.max(0, this.#length - count))
  }

  #view(from: number): Columns<Column> {
    return this.#each((name) => this.#columns[name].subarray(from, this.#length))
  }

  #each(make: (name: Column | 'time') => Float64Array<ArrayBuffer>): Columns<Column> {
    return Object.fromEntries(this.#names.map((name) => [name, make(name)])) as Columns<Column>
  }

  /** The first row whose time is `time` or later. */
  #find(time: number): number {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#columns.time[middle] as number) < time) low = middle + 1
      else high = middle
    }
    return low
  }

  #dropOlder(): void {
    for (const name of this.#names) this.#columns[name].copyWithin(0, this.#keep)
    this.#length = this.#keep
  }
}
