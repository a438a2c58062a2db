/** How figures are written. */
import { spreadOf } from '../stats.js'

export const MB = 2 ** 20

/** The median, and in brackets the least and the most. */
export function withSpread(values: readonly number[], digits = 0): string {
  const { median, least, most } = spreadOf(values)
  if (values.length === 1) return median.toFixed(digits)
  return `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`
}

export function microseconds(ms: number): string {
  const us = ms * 1000
  return us < 100 ? us.toFixed(1) : us.toFixed(0)
}

/** 1000 as 1k, 1000000 as 1M. */
export function short(count: number): string {
  if (count >= 1_000_000) return `${count / 1_000_000}M`
  return count >= 1000 ? `${count / 1000}k` : String(count)
}
