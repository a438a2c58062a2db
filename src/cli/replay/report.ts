/**
 * What a replay reports, and the same as text.
 */
import type { Trust } from '../../http/trust.js'
import { duration, grouped, percent, percentOf, printable, table, wrapped } from '../terminal/format.js'
import type { LowestLimit } from './demand.js'
import type { FormatName, Key } from './formats/index.js'
import type { Misfits, ShownLine } from './read.js'

/** A longer name has a line of its own. */
const NAME_WIDTH = 24
const LONG_NAME_WIDTH = 50
const LINE_WIDTH = 52

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
  /** In the order in which they were found. */
  readonly formats: readonly FormatName[]
  readonly settings: {
    readonly key: Key
    readonly trust: Trust | null
    readonly ipv6Prefix: number
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
    readonly firstUnreadable: readonly ShownLine[]
    readonly withoutKey: number
    /** Lines that do not fit, by why. */
    readonly misfits: readonly Readonly<Misfits>[]
    /** Requests whose times have no zone, and count as UTC. */
    readonly withoutZone: number
    /** Requests with forwarded addresses, without `--trust`. */
    readonly forwardedUnheeded: number
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

function terms({ files, formats, settings, from, to, durationMs }: ReplayReport): string[] {
  const { key, trust, limit, windowMs, burstCapacity, refillPerSecond } = settings
  const burst =
    burstCapacity > 0
      ? `up to ${grouped(burstCapacity)} burst tokens, ${grouped(refillPerSecond)} a second`
      : 'no burst tokens'
  const trusted =
    trust === null
      ? ''
      : `, trusting ${typeof trust === 'number' ? `${trust} ${trust === 1 ? 'proxy' : 'proxies'}` : trust.join(' ')}`
  return [
    ...wrapped(files.join(', '), ''),
    ...wrapped(`${from} to ${to} (${duration(durationMs)})`, '  '),
    ...wrapped(
      `${grouped(limit)} ${limit === 1 ? 'request' : 'requests'} in any ${grouped(windowMs)} ms, ${burst}`,
      '  ',
    ),
    ...wrapped(`${formats.join(', ')}, users by ${typeof key === 'number' ? `field ${key}` : key}${trusted}`, '  '),
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
  return [...table(rows), ...wrapped(`${printable(peak.user, LONG_NAME_WIDTH)}, ${span(peak)}`, '    ')]
}

function lowest({ lowestLimits, settings, peak }: ReplayReport): string[] {
  if (lowestLimits.length === 0) return []
  const rows = lowestLimits.map(({ deniedPercentAtMost, limit, denied }) => [
    deniedPercentAtMost === 0 ? 'nobody' : `at most ${deniedPercentAtMost} %`,
    grouped(limit),
    deniedPercentAtMost === 0 ? '' : `denies ${grouped(denied)}`,
  ])
  const found = ['Lowest limit, same window and burst, that would have denied', ...table(rows)]
  const nobody = lowestLimits[0]!
  if (settings.burstCapacity > 0 && nobody.deniedPercentAtMost === 0 && nobody.limit < peak.requests) {
    const why =
      `${grouped(nobody.limit)} is enough for a peak of ${grouped(peak.requests)} because burst tokens, saved while ` +
      `idle, pay for what is above the limit. Without tokens (--burst 0) it takes about the peak.`
    found.push(...wrapped(why, '  '))
  }
  return found
}

function limited({ usersLimited, limitedUsers }: ReplayReport): string[] {
  if (limitedUsers.length === 0) return []
  const names = limitedUsers.map(({ user }) => printable(user, LONG_NAME_WIDTH))
  const rows = limitedUsers.map(({ requests, denied, worstWindow }, at) => [
    names[at]!.length > NAME_WIDTH ? '' : names[at]!,
    grouped(requests),
    grouped(denied),
    `${grouped(worstWindow.requests)}, ${grouped(worstWindow.denied)} denied`,
  ])
  const [head, ...body] = table([['user', 'requests', 'denied', 'worst window'], ...rows])
  const of = limitedUsers.length < usersLimited ? ` (${limitedUsers.length} of ${grouped(usersLimited)})` : ''
  return [
    `Users denied most${of}`,
    head!,
    ...body.flatMap((row, at) => [
      ...(names[at]!.length > NAME_WIDTH ? [`  ${names[at]}`] : []),
      row,
      `    worst window from ${limitedUsers[at]!.worstWindow.from}`,
    ]),
  ]
}

function lines({ lines, files }: ReplayReport): string[] {
  const rows = [['Lines', grouped(lines.read), '']]
  if (lines.unreadable > 0) rows.push(['Unreadable', grouped(lines.unreadable), percent(lines.unreadable, lines.read)])
  if (lines.withoutKey > 0) rows.push(['Left out, without a key', grouped(lines.withoutKey), ''])
  if (lines.outOfOrder > 0) {
    rows.push(['Out of order', grouped(lines.outOfOrder), percent(lines.outOfOrder, lines.read)])
    rows.push(['Largest step back', duration(lines.largestStepBackMs), ''])
  }
  const misfits = lines.misfits.flatMap(({ why, lines, counted, first: { file, line, text } }) => [
    ...wrapped(
      `${grouped(lines)} ${lines === 1 ? 'line' : 'lines'}${counted ? ', counted for the connected address' : ''}: ${why}`,
      '  ',
    ),
    ...wrapped(files.length > 1 ? `${file}, line ${grouped(line)}:` : `line ${grouped(line)}:`, '    '),
    `      ${printable(text, LINE_WIDTH)}`,
  ])
  return ['Log', ...table(rows), ...misfits]
}

function notes({ interrupted, formats, settings, lines, requests, evicted }: ReplayReport): string[] {
  const { windowMs, maxUsers, sort } = settings
  const found: string[] = []
  if (interrupted) found.push('INTERRUPTED: these are the figures of what was replayed until then.')
  if (2 * lines.unreadable > lines.read) {
    found.push(
      `Warning: most lines are unreadable. The first line of any format decides, which made this log ${formats.join(', ')}; ` +
        'with --format you say which it is.',
    )
  }
  if (evicted > 0) {
    found.push(
      `Warning: the limiter had room for ${grouped(maxUsers)} users and forgot ${grouped(evicted)} who were not stale, ` +
        'so it denied fewer requests than it should have. Give it more room with --max-users.',
    )
  }
  const disordered = !sort && percentOf(lines.outOfOrder, requests) > DISORDERED_PERCENT
  if (disordered) {
    found.push(
      'Warning: many times are earlier than one before them. Each counts as the latest time before it, so requests look ' +
        'closer together than they were. Without --no-sort, requests are taken in the order of their times.',
    )
  }
  if (lines.forwardedUnheeded > 0) {
    found.push(
      `Note: ${grouped(lines.forwardedUnheeded)} requests came with forwarded addresses, and count for who was connected. If ` +
        'that is a proxy of yours, say so with --trust.',
    )
  }
  if (lines.withoutZone > 0) {
    found.push(
      `Note: ${lines.withoutZone < requests ? `${grouped(lines.withoutZone)} times` : 'times in this log'} have no zone and ` +
        'count as UTC. If they are local, the hour that clocks repeat in autumn is there twice.',
    )
  }
  if (lines.wholeSeconds && windowMs % 1000 !== 0) {
    found.push('Note: times in this log are whole seconds. Figures mean more with a window of whole seconds.')
  } else if (lines.wholeSeconds && windowMs < BLURRED_WINDOW_MS && !disordered) {
    found.push(
      'Note: times in this log are whole seconds, which hides bursts across the edge of a second. In a window this short, ' +
        'peaks, denials and lowest limits are lower bounds. Windows of 10,000 ms and longer are less affected.',
    )
  }
  return found.flatMap((note) => wrapped(note, ''))
}

function span({ from, to }: { from: string; to: string }): string {
  return from === to ? `at ${from}` : `from ${from} to ${to}`
}
