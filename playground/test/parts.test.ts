/** The small parts: rivals, counts, tracks, and settings in an address. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_QUOTA } from '../../src/limiter/index.js'
import { FixedWindow, TokenBucket } from '../src/model/rivals.js'
import type { ChoiceName } from '../src/model/settings.js'
import {
  correct,
  correction,
  correctionsIn,
  DEFAULTS,
  formatSettings,
  isSameScenario,
  mostOf,
  parseSettings,
  startsPaused,
} from '../src/model/settings.js'
import { Thinner } from '../src/model/thinner.js'
import { Track } from '../src/model/track.js'
import { WindowCount } from '../src/model/window-count.js'
import { against, duration, edge, moment, shortly, span } from '../src/view/words.js'

const quota = { limit: 3, windowMs: 100, capacity: 0, refillPerSecond: 0 }

describe('rivals', () => {
  it('a fixed window admits the limit twice around an edge', () => {
    const fixed = new FixedWindow(quota)
    expect([97, 98, 99, 99, 100, 101, 102, 103].map((time) => fixed.decide(time))).toEqual([
      true,
      true,
      true,
      false,
      true,
      true,
      true,
      false,
    ])
  })

  it('a bucket admits what it holds, and then what refills it, to the millisecond', () => {
    const bucket = new TokenBucket(quota)
    expect([0, 0, 0, 0, 33, 34, 66, 67].map((time) => bucket.decide(time))).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
    ])
    expect([1000, 1000, 1000, 1000].map((time) => bucket.decide(time))).toEqual([true, true, true, false])
  })
})

describe('a window count', () => {
  it('counts the half-open window, and remembers the worst', () => {
    const count = new WindowCount(100)
    for (const time of [0, 1, 50]) count.add(time)
    expect([count.at(99), count.at(100), count.at(150)]).toEqual([3, 2, 0])
    expect(count.worst).toBe(3)
  })

  it('keeps its order when it grows around the end of its ring', () => {
    const count = new WindowCount(100)
    for (let time = 0; time < 300; time++) count.add(time)
    for (let k = 0; k < 100; k++) count.add(300)
    expect(count.at(300)).toBe(199)
    expect(count.at(399)).toBe(100)
    expect(count.at(400)).toBe(0)
  })
})

describe('a window count from which something is taken back', () => {
  it('counts on without it, and never takes back what has left the window', () => {
    const count = new WindowCount(100)
    for (const time of [0, 10, 20]) count.add(time)
    count.undo(30)
    expect(count.at(30)).toBe(2)
    count.undo(200)
    expect(count.at(200)).toBe(0)
    count.add(200)
    expect([count.at(200), count.worst]).toEqual([1, 3])
  })
})

describe('a thinner', () => {
  it('keeps everything where there is room', () => {
    const thinner = new Thinner({ ...quota, limit: 200 }, 16_384)
    expect([1, 1, 1].map((time) => thinner.keeps(time, 0))).toEqual([true, true, true])
  })

  it('keeps one of each kind for each part of the window where there is not', () => {
    const thinner = new Thinner({ ...quota, limit: 10_000, windowMs: 20_000 }, 16_384)
    expect([0, 9, 10, 19, 40].map((time) => thinner.keeps(time, 0))).toEqual([true, false, true, false, true])
    expect(thinner.keeps(40, 1)).toBe(true)
  })
})

describe('a track', () => {
  it('keeps the latest rows and gives views of them', () => {
    const track = new Track(['value'], 4)
    for (let time = 0; time < 21; time++) track.append({ time, value: 10 * time })
    expect(track.length).toBeLessThanOrEqual(8)
    expect([...track.since(18.5).value]).toEqual([190, 200])
    expect([...track.since(19, true).time]).toEqual([18, 19, 20])
    expect([...track.last(2).time]).toEqual([19, 20])
    expect([...track.since(0).time].slice(-4)).toEqual([17, 18, 19, 20])
  })
})

describe('settings in an address', () => {
  it('start with the quota that a limiter has by default', () => {
    expect(DEFAULTS).toMatchObject(DEFAULT_QUOTA)
  })

  it('name only what differs, and come back', () => {
    expect(formatSettings(DEFAULTS)).toBe('')
    expect(parseSettings('')).toEqual(DEFAULTS)
    const other = {
      ...DEFAULTS,
      limit: 10,
      refillPerSecond: 0.3,
      speed: 0.25,
      shown: 3,
      patterns: DEFAULTS.patterns.toReversed(),
    }
    expect(parseSettings(`#${formatSettings(other)}`)).toEqual(other)
  })

  it.each([
    ['limit=1e9', { limit: 10_000 }],
    ['window=1e12&processes=0&hop=9999', { windowMs: 3_600_000, processes: 1, hopMs: 1000 }],
    ['hand=7&shared=80&allowance=3', { handLimit: 7, sharedLimit: 80, allowance: 3 }],
    ['limit=-3&window=0', { limit: 1, windowMs: 100 }],
    ['limit=12.6', { limit: 13 }],
    ['limit=Infinity&window=-Infinity', { limit: 10_000, windowMs: 100 }],
    ['limit=NaN&window=&burst=many&refill=%00', {}],
    ['refill=0.29999', { refillPerSecond: 0.3 }],
    ['speed=3', { speed: 2 }],
    ['speed=0', { speed: 0.1 }],
    ['a=toString&b=__proto__&c=<script>', {}],
    ['show=z&unknown=1&&&=', {}],
    ['show=C', { shown: 2 }],
    ['%E0%A4%A', {}],
  ])('are corrected or left at their defaults: %s', (hash, expected) => {
    expect(parseSettings(`#${hash}`)).toEqual({ ...DEFAULTS, ...expected })
  })

  it('may ask for a page that starts paused', () => {
    expect(['', '#paused', '#limit=3&paused=1', '#paused=0'].map(startsPaused)).toEqual([false, true, true, false])
  })
})

describe('a correction', () => {
  it.each<[ChoiceName, number, string | undefined]>([
    ['limit', 50, undefined],
    ['limit', 999_999_999, '999,999,999 is too high: 10,000 is the most.'],
    ['windowMs', 1, '1 is too low: 100 is the least.'],
    ['limit', 1.5, '1.5 is rounded to 2.'],
    ['limit', Number.NaN, 'That is no number: it stays 50.'],
    ['refillPerSecond', 0.3, undefined],
  ])('says why it was made: %s %d', (name, given, told) => {
    expect(correction(name, given, correct(name, given))).toBe(told)
  })

  it('is told of an address', () => {
    expect(correctionsIn('#limit=1e9&window=2000&hop=-1')).toEqual({
      limit: '1,000,000,000 is too high: 10,000 is the most.',
      hopMs: '-1 is too low: 0 is the least.',
    })
  })

  it('goes by the limit where that is the most', () => {
    expect(mostOf('allowance', { limit: 30 })).toBe(30)
    expect(correction('allowance', 40, correct('allowance', 40, 0, 30), 30)).toBe('40 is too high: 30 is the most.')
  })
})

describe('a thing to try', () => {
  it('is the one whose limits and traffic are chosen, whoever is shown and however fast', () => {
    const chosen = parseSettings('#a=hammer&burst=0')
    expect(isSameScenario({ ...chosen, shown: 2, speed: 20, zoom: 4, handLimit: 3 }, '#burst=0&a=hammer')).toBe(true)
    expect(isSameScenario({ ...chosen, limit: 49 }, '#burst=0&a=hammer')).toBe(false)
    expect(isSameScenario(DEFAULTS, '#a=edge')).toBe(true)
  })
})

describe('words', () => {
  it('tell lengths of time as people do', () => {
    expect([250, 1000, 2500, 60_000, 90_000, 3_600_000, 5_400_000].map(duration)).toEqual([
      '250 ms',
      '1 s',
      '2.5 s',
      '1 min',
      '1 min 30 s',
      '1 h',
      '1 h 30 min',
    ])
    expect([1000, 60_000, 3_600_000, 7_200_000].map(span)).toEqual(['second', 'minute', 'hour', '2 h'])
  })

  it('tell points of time, to the second or the edge of a window', () => {
    expect([0, 1250, 599_990, 605_250, 3_723_000].map((ms) => moment(ms))).toEqual([
      '0.00 s',
      '1.25 s',
      '599.99 s',
      '10:05.25',
      '1:02:03.00',
    ])
    expect([edge(3000, 1000), edge(500, 500), edge(180_000, 60_000), edge(7_200_000, 3_600_000)]).toEqual([
      '3 s',
      '0.5 s',
      '3 min',
      '2 h',
    ])
    expect(edge(90_000, 15_000)).toBe('1:30')
  })

  it('tell counts shortly where there is little room', () => {
    expect([0, 9999, 10_000, 10_500].map(shortly)).toEqual(['0', '9999', '10k', '10.5k'])
  })

  it('hold worst windows to the limit', () => {
    expect([against(50, 0), against(50, 50), against(50, 50, 3), against(50, 99)]).toEqual([
      '0',
      '50, 1.00× the limit',
      '50 + 3 burst, 1.06× the limit',
      '99, 1.98× the limit',
    ])
  })
})
