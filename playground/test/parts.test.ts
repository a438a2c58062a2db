/** The small parts: rivals, counts, tracks, and settings in an address. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_QUOTA } from '../../src/limiter/index.js'
import { FixedWindow, TokenBucket } from '../src/model/rivals.js'
import { DEFAULTS, formatSettings, parseSettings, startsPaused } from '../src/model/settings.js'
import { Track } from '../src/model/track.js'
import { WindowCount } from '../src/model/window-count.js'

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
    ['limit=1e9', { limit: 200 }],
    ['limit=-3&window=0', { limit: 1, windowMs: 100 }],
    ['limit=12.6', { limit: 13 }],
    ['limit=Infinity&window=-Infinity', { limit: 200, windowMs: 100 }],
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
