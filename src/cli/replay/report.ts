/**
 * What a replay reports, and the same as text.
 */
import { duration, grouped, percent, percentOf, printable, table } from '../terminal/format.js'
import type { LowestLimit } from './demand.js'
import type { Key } from './log-line.js'

const NAME_WIDTH = 45

/** Below this many milliseconds, times in whole seconds make the figures of a window lower bounds only. */
const BLURRED_WINDOW_MS = 10_000

/** The window in which a user made most requests. Times are those of its first and last request. */
export interface BusiestWindow {
  readonly requests: number
  readonly denied: number
  readonly from: string
  readonly to: string
}

/** What `--json` prints. */
export interface ReplayReport {
  readonly files: readonly string[]
  /** Whether the replay was ended early. The figures are then of what was replayed until that. */
  readonly interrupted: boolean
  readonly settings: {
    readonly key: Key
    readonly limit: number
    readonly windowMs: number
    readonly burstCapacity: number
    readonly refillPerSecond: number
    readonly sort: boolean
    readonly maxUsers: number
  }
  readonly lines: {
    readonly read: number
    readonly unreadable: number
    readonly firstUnreadable: readonly { readonly file: string; readonly line: number; readonly text: string }[]
    readonly withoutKey: number
    readonly outOfOrder: number
    readonly largestStepBackMs: number
    readonly wholeSeconds: boolean
  }
  readonly from: string
  readonly to: string
  readonly durationMs: number
  readonly requests: number
  readonly users: number
  readonly allowed: number
  readonly denied: number
  readonly deniedPercent: number
  readonly burstSpent: number
  readonly evicted: number
  readonly peak: { readonly user: string } & Omit<BusiestWindow, 'denied'>
  readonly lowestLimits: readonly LowestLimit[]
  readonly usersLimited: number
  readonly limitedUsers: readonly {
    readonly user: string
    readonly requests: number
    readonly denied: number
    readonly worstWindow: BusiestWindow
  }[]
}

/** A log with more requests out of order than this was not written in the order of its times. */
const DISORDERED_PERCENT = 1

export function formatReport(report: ReplayReport): string {
  const parts = [terms(report), totals(report), lowest(report), limited(report), lines(report), notes(report)]
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')
}

function terms({ files, settings, from, to, durationMs }: ReplayReport): string[] {
  const { key, limit, windowMs, burstCapacity, refillPerSecond } = settings
  const burst =
    burstCapacity > 0
      ? `up to ${grouped(burstCapacity)} burst tokens, ${grouped(refillPerSecond)} a second`
      : 'no burst tokens'
  return [
    files.join(', '),
    `  ${from} to ${to} (${duration(durationMs)})`,
    `  ${grouped(limit)} ${limit === 1 ? 'request' : 'requests'} in any ${grouped(windowMs)} ms, ${burst}`,
    `  users by ${typeof key === 'number' ? `field ${key}` : key}`,
  ]
}

function totals(report: ReplayReport): string[] {
  const { requests, users, allowed, denied, usersLimited, burstSpent, settings, peak } = report
  const rows = [
    ['Requests', grouped(requests), ''],
    ['Users', grouped(users), ''],
    ['Allowed', grouped(allowed), percent(allowed, requests)],
    ['Denied', grouped(denied), percent(denied, requests)],
    ['Users limited', grouped(usersLimited), percent(usersLimited, users)],
  ]
  if (settings.burstCapacity > 0) rows.push(['Burst tokens spent', grouped(burstSpent), ''])
  rows.push(['Peak of any user', grouped(peak.requests), 'in one window'])
  return [...table(rows), `    ${printable(peak.user, NAME_WIDTH)}, ${span(peak)}`]
}

function lowest({ lowestLimits }: ReplayReport): string[] {
  if (lowestLimits.length === 0) return []
  const rows = lowestLimits.map(({ deniedPercentAtMost, limit, denied }) => [
    deniedPercentAtMost === 0 ? 'nobody' : `at most ${deniedPercentAtMost} %`,
    grouped(limit),
    deniedPercentAtMost === 0 ? '' : `denies ${grouped(denied)}`,
  ])
  return ['Lowest limit, same window and burst, that would have denied', ...table(rows)]
}

function limited({ usersLimited, limitedUsers }: ReplayReport): string[] {
  if (limitedUsers.length === 0) return []
  const rows = limitedUsers.map(({ user, requests, denied, worstWindow }) => [
    printable(user, NAME_WIDTH),
    grouped(requests),
    grouped(denied),
    grouped(worstWindow.requests),
    grouped(worstWindow.denied),
    worstWindow.from,
  ])
  const head = ['user', 'requests', 'denied', 'worst window', 'denied in it', 'from']
  const of = limitedUsers.length < usersLimited ? ` (${limitedUsers.length} of ${grouped(usersLimited)})` : ''
  return [`Users denied most${of}`, ...table([head, ...rows])]
}

function lines({ lines, files }: ReplayReport): string[] {
  const rows = [['Lines', grouped(lines.read), '']]
  if (lines.unreadable > 0) rows.push(['Unreadable', grouped(lines.unreadable), percent(lines.unreadable, lines.read)])
  if (lines.withoutKey > 0) rows.push(['Left out, without a key', grouped(lines.withoutKey), ''])
  if (lines.outOfOrder > 0) {
    rows.push(['Out of order', grouped(lines.outOfOrder), percent(lines.outOfOrder, lines.read)])
    rows.push(['Largest step back', duration(lines.largestStepBackMs), ''])
  }
  const bad = lines.firstUnreadable.map(({ file, line, text }) => {
    const where = files.length > 1 ? `${file}, line ${grouped(line)}` : `line ${grouped(line)}`
    return `    ${where}: ${text}`
  })
  return ['Log', ...table(rows), ...bad]
}

function notes({ interrupted, settings, lines, requests, evicted }: ReplayReport): string[] {
  const { windowMs, maxUsers, sort } = settings
  const found: string[] = []
  if (interrupted) found.push('INTERRUPTED: these are the figures of what was replayed until then.')
  if (evicted > 0) {
    found.push(
      `Warning: the limiter had room for ${grouped(maxUsers)} users and forgot ${grouped(evicted)} who were not stale,`,
      'so it denied fewer requests than it should have. Give it more room with --max-users.',
    )
  }
  const disordered = !sort && percentOf(lines.outOfOrder, requests) > DISORDERED_PERCENT
  if (disordered) {
    found.push(
      'Warning: many times are earlier than one before them. Each counts as the latest time before it, so requests look',
      'closer together than they were. Without --no-sort, requests are taken in the order of their times.',
    )
  }
  if (lines.wholeSeconds && windowMs % 1000 !== 0) {
    found.push('Note: times in this log are whole seconds. Figures mean more with a window of whole seconds.')
  } else if (lines.wholeSeconds && windowMs < BLURRED_WINDOW_MS && !disordered) {
    found.push(
      'Note: times in this log are whole seconds, which hides bursts across the edge of a second. In a window this short,',
      'peaks, denials and lowest limits are lower bounds. Windows of 10,000 ms and longer are less affected.',
    )
  }
  return found
}

function span({ from, to }: { from: string; to: string }): string {
  return from === to ? `at ${from}` : `from ${from} to ${to}`
}
