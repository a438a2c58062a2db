/**
 * Numbers, times and foreign text as reports show them.
 */

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 })

/** `1,234,567` */
export function grouped(value: number): string {
  return GROUPED.format(value)
}

/** `6.25 %` */
export function percent(part: number, whole: number): string {
  return `${percentOf(part, whole).toFixed(2)} %`
}

/** 0 of nothing is 0. */
export function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}

/** `2015-05-17T10:05:03Z`, with milliseconds only where there are any. */
export function utc(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z')
}

/** `3 d 11 h`, `5 min 2 s`: the two largest units. */
export function duration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 60) return `${grouped(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${minutes % 60} min`
  return `${grouped(Math.floor(hours / 24))} d ${hours % 24} h`
}

/** Text from outside, safe on a terminal: control characters escaped, cut at a width. */
export function printable(text: string, width: number): string {
  const escaped = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) => {
    const code = char.codePointAt(0)!
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
  const chars = [...escaped]
  return chars.length > width ? `${chars.slice(0, width - 1).join('')}…` : escaped
}

/** Rows as lines of aligned columns: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  return rows.map((row) => {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    return `  ${cells.join('  ')}`.trimEnd()
  })
}

/** Columns that every terminal has, a narrow one too: reports keep to them. */
export const WIDTH = 60

/** Between words, but for a number and its unit. */
const GAPS = / (?!(?:ms|µs|s)\b)/

/** Text as lines that fit, each after an indent. A longer word has a line of its own. */
export function wrapped(text: string, indent: string): string[] {
  const lines: string[] = []
  for (const word of text.split(GAPS)) {
    const last = lines.at(-1)
    if (last !== undefined && indent.length + last.length + 1 + word.length <= WIDTH) {
      lines[lines.length - 1] = `${last} ${word}`
    } else {
      lines.push(word)
    }
  }
  return lines.map((line) => indent + line)
}
