/**
 * A table in Markdown, with columns padded so that it can be read as it is.
 *
 * @param texts so many columns from the left hold text; the others hold figures, which are aligned to the right
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], texts = 1): string {
  if (rows.length === 0) return '(nothing was measured)'
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]!.length)))
  const pad = (cell: string, column: number) =>
    column < texts ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  const line = (cells: readonly string[]) => `| ${cells.map(pad).join(' | ')} |`
  const rule = widths.map((width, column) => (column < texts ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
