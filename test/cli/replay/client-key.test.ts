/** Whom a line counts for, beside `clientAddress`, which must say the same of the same request. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ClientKeys } from '../../../src/cli/replay/client-key.js'
import { clientAddress } from '../../../src/http/index.js'
import type { Trust } from '../../../src/http/trust.js'

function of(value: string, trust?: Trust, forwarded?: string | null, key = 'client', ipv6Prefix = 56) {
  return new ClientKeys({ key, trust, ipv6Prefix }).of({
    timeMs: 0,
    key: value,
    ...(forwarded === undefined ? {} : { forwarded }),
  })
}

describe('an address alone', () => {
  it.each([
    ['198.51.100.3', '198.51.100.3'],
    ['198.51.100.3:40000', '198.51.100.3'],
    ['[2001:db8:1:2ff::9]:40000', '2001:db8:1:200::/56'],
    ['2001:db8:1:2ff::9', '2001:db8:1:200::/56'],
    ['fe80::1%eth0', 'fe80:0:0:0::/56'],
    ['::ffff:198.51.100.3', '198.51.100.3'],
    ['crawler.example.org', 'crawler.example.org'],
    ['Mozilla/5.0 (X11, like Gecko)', 'Mozilla/5.0 (X11, like Gecko)'],
    ['010.0.0.1', '010.0.0.1'],
  ])('%s is %s', (value, key) => {
    expect(of(value)).toEqual({ key })
  })

  it('of IPv6 counts as long a prefix as is said', () => {
    expect(of('2001:db8:1:2ff::9', undefined, undefined, 'client', 48)).toEqual({ key: '2001:db8:1::/48' })
    expect(of('2001:db8:1:2ff::9', undefined, undefined, 'client', 128)).toEqual({ key: '2001:db8:1:2ff:0:0:0:9' })
  })

  it('is as written where it names a user', () => {
    expect(of('::1', undefined, undefined, 'user')).toEqual({ key: '::1' })
    expect(of('a, 10.0.0.1', 1, undefined, 'user')).toEqual({ key: 'a, 10.0.0.1' })
  })
})

describe('a list alone', () => {
  it('counts for nobody unless somebody says which proxies are trusted', () => {
    const why = expect.stringMatching(/a list of forwarded addresses: --trust/)
    expect(of('203.0.113.7, 10.1.1.1')).toEqual({ why })
    expect(of('anything, 10.1.1.1:80')).toEqual({ why })
    expect(of('for=203.0.113.7')).toEqual({ why })
    expect(of('203.0.113.7', 0)).toEqual({ key: '203.0.113.7' })
    expect(of('203.0.113.7, 10.1.1.1', 0)).toEqual({ why: expect.stringContaining('--trust 0') })
  })

  it.each<[string, Trust, string]>([
    ['203.0.113.7, 10.1.1.1', 1, '10.1.1.1'],
    ['203.0.113.7, 10.1.1.1', 2, '203.0.113.7'],
    ['made up, 203.0.113.7, 10.1.1.1', 2, '203.0.113.7'],
    ['203.0.113.7', 1, '203.0.113.7'],
    ['6.6.6.6, 203.0.113.7, 10.1.1.1', ['private'], '203.0.113.7'],
    ['6.6.6.6, 203.0.113.7', ['private'], '203.0.113.7'],
    ['10.1.1.2, 10.1.1.1', ['private'], '10.1.1.2'],
    ['for=6.6.6.6, for="[2001:db8:1:2ff::9]:80";proto=https', 1, '2001:db8:1:200::/56'],
  ])('%s by trust %j is %s', (list, trust, key) => {
    expect(of(list, trust)).toEqual({ key })
  })

  it('that does not fit is said', () => {
    expect(of('203.0.113.7', 2)).toEqual({ why: expect.stringContaining('fewer forwarded addresses') })
    expect(of('203.0.113.7, unknown', 1)).toEqual({ why: 'what a trusted proxy forwarded is no address' })
    expect(of('unknown, 10.0.0.1', ['private'])).toEqual({ why: 'what a trusted proxy forwarded is no address' })
  })
})

describe('a connected address and a list', () => {
  beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
  afterAll(() => vi.restoreAllMocks())

  const lists = [null, '203.0.113.7', '203.0.113.7, 10.1.1.1', '6.6.6.6, 203.0.113.7, 10.1.1.1', 'x, 2001:db8::1', 'x']
  const trusts: Trust[] = [0, 1, 2, 3, ['private'], ['10.1.1.1'], ['192.0.2.0/24', '203.0.113.7']]
  const peers = ['10.0.0.2', '198.51.100.3', '::ffff:10.0.0.2', '192.0.2.1']
  it('counts as in the service', () => {
    for (const peer of peers) {
      for (const trust of trusts) {
        for (const list of lists) {
          const service = () =>
            clientAddress({ headers: list === null ? {} : { 'x-forwarded-for': list } }, { trust, peer })
          const { key } = of(peer, trust, list)
          if (key === undefined) expect(service, `${peer} ${trust} ${list}`).toThrow()
          else expect(key, `${peer} ${trust} ${list}`).toBe(service())
        }
      }
    }
  })

  it('counts for who is connected where there are fewer proxies than said, and tells', () => {
    expect(of('198.51.100.3', 2, '203.0.113.7')).toEqual({
      key: '198.51.100.3',
      why: expect.stringContaining('fewer forwarded addresses'),
    })
  })
})
