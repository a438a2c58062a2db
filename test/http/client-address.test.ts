/** Keys of clients: addresses of all kinds, proxies that are trusted, and clients that lie. */
import fc from 'fast-check'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { AddressedRequest, ClientAddressOptions } from '../../src/http/index.js'

const warn = vi.spyOn(console, 'warn')

/** Anew for each test, since warnings are given once. */
let clientAddress: (request: AddressedRequest, options?: ClientAddressOptions) => string

beforeEach(async () => {
  vi.resetModules()
  clientAddress = (await import('../../src/http/client-address.js')).clientAddress
  warn.mockReset().mockImplementation(() => {})
})

function from(remoteAddress: string | undefined, headers: Record<string, string | string[]> = {}): AddressedRequest {
  return { headers, socket: { remoteAddress } }
}

/** A request through proxies, the last of which is connected. */
function through(peer: string, ...forwarded: string[]): AddressedRequest {
  return from(peer, { 'x-forwarded-for': forwarded.join(', ') })
}

describe('the connected address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['192.0.2.1:8080', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:443', '192.0.2.1'],
    ['2001:db8:1:2ff:3:4:5:6', '2001:db8:1:200::/56'],
    ['2001:DB8:1:02ab::', '2001:db8:1:200::/56'],
    ['[2001:db8::1]', '2001:db8:0:0::/56'],
    ['[2001:db8::1]:65535', '2001:db8:0:0::/56'],
    ['fe80::1%eth0', 'fe80:0:0:0::/56'],
    ['[fe80::1%25en0]:80', 'fe80:0:0:0::/56'],
    ['::', '0:0:0:0::/56'],
    ['::1', '0:0:0:0::/56'],
    ['1::', '1:0:0:0::/56'],
    // Translated by NAT64; other prefixes that end with an IPv4 address say nothing of it.
    ['64:ff9b::192.0.2.1', '192.0.2.1'],
    ['64:ff9b::c000:201', '192.0.2.1'],
    ['64:ff9b:1::192.0.2.1', '64:ff9b:1:0::/56'],
    ['::192.0.2.1', '0:0:0:0::/56'],
    ['2002:c000:201:ab::1', '2002:c000:201:0::/56'],
    ['1:2:3:4:5:6:7::', '1:2:3:0::/56'],
  ])('%s is %s', (address, key) => expect(clientAddress(from(address))).toBe(key))

  test.each([
    ...[
      '',
      ' ',
      'localhost',
      'unknown',
      '_hidden',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.04',
      '0x7f.0.0.1',
    ],
    ...['2130706433', '1.2.3.4%eth0', '1.2.3.4:', '1.2.3.4:123456', '1.2.3.-4', '1.2.3.4 ', '١.2.3.4', '1.2.3.4\n'],
    ...[':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', '::1.2.3.04', '1.2.3.4::'],
    ...[
      '1:2:3:4:5:6:7::8',
      '[::1',
      '::1]',
      '[::1]:x',
      '[1.2.3.4]',
      '::1%',
      `${'0'.repeat(50)}::1`,
      `::1%${'z'.repeat(9999)}]`,
    ],
  ])('%j is refused', (address) => {
    // What is 1:...:7::8 or has a long zone is an address for some; this one is strict about the first, and only that.
    const attempt = () => clientAddress(from(address))
    if (address.startsWith('::1%z')) expect(attempt()).toBe('0:0:0:0::/56')
    else expect(attempt).toThrow(/^the connected address must be an IPv4 or IPv6 address, not /)
  })

  test('ipv6Prefix is the bits that count', () => {
    const keyWith = (ipv6Prefix: number) => clientAddress(from('2001:db8:1:2ff:3:4:5:6'), { ipv6Prefix })
    expect([32, 48, 60, 64, 113, 128].map(keyWith)).toEqual([
      '2001:db8::/32',
      '2001:db8:1::/48',
      '2001:db8:1:2f0::/60',
      '2001:db8:1:2ff::/64',
      '2001:db8:1:2ff:3:4:5:0/113',
      '2001:db8:1:2ff:3:4:5:6',
    ])
    expect(clientAddress(from('192.0.2.1'), { ipv6Prefix: 32 })).toBe('192.0.2.1')
  })

  test('addresses of a network have one key, and of different ones different keys', () => {
    const group = fc.nat(0xffff)
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 32, max: 128 }),
        fc.nat(127),
        (groups, bits, flipped) => {
          fc.pre(groups[0] > 0)
          const other = [...groups]
          other[flipped >> 4] ^= 0x8000 >> (flipped & 15)
          fc.pre(other[0] > 0)
          const [one, two] = [groups, other].map((address) =>
            clientAddress(from(address.map((group) => group.toString(16)).join(':')), { ipv6Prefix: bits }),
          )
          expect(one === two).toBe(flipped >= bits)
        },
      ),
    )
  })

  test('the option peer comes before the socket, and serves a web request', () => {
    expect(clientAddress(from('192.0.2.1'), { peer: '192.0.2.2' })).toBe('192.0.2.2')
    const request = new Request('http://localhost/', { headers: { 'X-Forwarded-For': '198.51.100.1' } })
    expect(clientAddress(request, { peer: '127.0.0.1', trust: ['loopback'] })).toBe('198.51.100.1')
  })
})

describe('networks that are trusted', () => {
  const trust = ['loopback', '10.0.0.0/8', '2001:db8:ffff::/48']

  test('the first address from the right that is not theirs', () => {
    expect(clientAddress(through('127.0.0.1', '198.51.100.1'), { trust })).toBe('198.51.100.1')
    expect(clientAddress(through('::ffff:10.1.2.3', '198.51.100.1', '10.9.9.9:4711'), { trust })).toBe('198.51.100.1')
    expect(clientAddress(through('2001:db8:ffff:1::2', '198.51.100.1'), { trust })).toBe('198.51.100.1')
  })

  test('what a client wrote before it is not reached, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (lie) => {
        expect(clientAddress(through('127.0.0.1', lie, '198.51.100.1', '10.0.0.7'), { trust })).toBe('198.51.100.1')
        expect(clientAddress(through('203.0.113.5', lie), { trust })).toBe('203.0.113.5')
      }),
    )
  })

  test('a header that no trusted proxy can have added is not read', () => {
    expect(clientAddress(through('203.0.113.5', '198.51.100.1'), { trust })).toBe('203.0.113.5')
    expect(clientAddress(through('203.0.113.5', '198.51.100.1'), { trust: [] })).toBe('203.0.113.5')
    expect(clientAddress(from('127.0.0.1', { forwarded: 'for=198.51.100.1' }), { trust })).toBe('127.0.0.1')
    expect(clientAddress(from('127.0.0.1', { 'x-real-ip': '198.51.100.1' }), { trust })).toBe('127.0.0.1')
  })

  test('where all are trusted, the farthest', () => {
    expect(clientAddress(through('127.0.0.1', '10.0.0.1', '10.0.0.2'), { trust })).toBe('10.0.0.1')
    expect(clientAddress(from('127.0.0.1'), { trust })).toBe('127.0.0.1')
    expect(clientAddress(through('127.0.0.1', ''), { trust })).toBe('127.0.0.1')
  })

  test('duplicate headers are one list, and empty entries none', () => {
    const lists = [
      ['203.0.113.9', '198.51.100.1'],
      ['203.0.113.9, 198.51.100.1', ' , 10.0.0.1,'],
    ]
    for (const list of lists) {
      expect(clientAddress(from('127.0.0.1', { 'x-forwarded-for': list }), { trust })).toBe('198.51.100.1')
    }
  })

  test('what a trusted proxy passes on must be an address', () => {
    for (const entry of ['unknown', '198.51.100.01', '198.51.100.1 198.51.100.2', '"198.51.100.1"', 'x'.repeat(9999)]) {
      expect(() => clientAddress(through('127.0.0.1', entry), { trust })).toThrow(
        /^the address that a trusted proxy passed on in x-forwarded-for must be an IPv4 or IPv6 address, not .{1,50}$/,
      )
    }
  })

  test('a translated address is no proxy by the address within it', () => {
    expect(clientAddress(through('64:ff9b::127.0.0.1', '198.51.100.1'), { trust })).toBe('127.0.0.1')
    expect(clientAddress(through('127.0.0.1', '198.51.100.1', '64:ff9b::10.0.0.1'), { trust })).toBe('10.0.0.1')
  })

  test('an enormous header costs no more than its length', () => {
    const list = new Array(100_000).fill('10.0.0.1').join()
    expect(clientAddress(through('127.0.0.1', list, '198.51.100.1'), { trust })).toBe('198.51.100.1')
    expect(clientAddress(through('127.0.0.1', list), { trust })).toBe('10.0.0.1')
    expect(clientAddress(through('127.0.0.1', ','.repeat(1_000_000)), { trust })).toBe('127.0.0.1')
  })

  test.each([
    ['linklocal', ['169.254.7.7', 'fe80::1%eth0']],
    ['private', ['10.255.0.1', '172.31.0.1', '192.168.3.4', 'fd00::1']],
    ['loopback', ['127.8.9.1', '::1']],
    ['192.0.2.77', ['192.0.2.77', '::ffff:192.0.2.77']],
    ['2001:db8::/33', ['2001:db8:7fff::1']],
    // Bits beyond the prefix do not count, and networks of one address are that.
    ['10.9.9.9/8', ['10.0.0.1']],
    ['192.0.2.77/32', ['192.0.2.77']],
    ['::ffff:192.0.2.77/128', ['192.0.2.77']],
    ['::/96', ['::1']],
  ])('%s', (name, peers) => {
    for (const peer of peers)
      expect(clientAddress(through(peer, '198.51.100.1'), { trust: [name] })).toBe('198.51.100.1')
    for (const peer of ['172.32.0.1', '192.0.2.78', '2001:db8:8000::1', 'fec0::1']) {
      expect(clientAddress(through(peer, '198.51.100.1'), { trust: [name], ipv6Prefix: 128 })).not.toBe('198.51.100.1')
    }
  })
})

describe('a number of proxies', () => {
  test('counts from the right', () => {
    const request = through('10.0.0.3', '203.0.113.1', '203.0.113.2', '203.0.113.3')
    const keys = [0, 1, 2].map((trust) => clientAddress(request, { trust }))
    expect(keys).toEqual(['10.0.0.3', '203.0.113.3', '203.0.113.2'])
    expect(warn).not.toHaveBeenCalled()
  })

  test('with fewer addresses than that, who is connected; and a warning, once', () => {
    for (const request of [through('10.0.0.3', '203.0.113.1'), from('10.0.0.3')]) {
      expect(clientAddress(request, { trust: 2 })).toBe('10.0.0.3')
    }
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0][0]).toMatch(/^SPILLWAY_FEWER_PROXIES: trust is 2, .*Is the number of proxies right/)
  })
})

describe('Forwarded', () => {
  const options: ClientAddressOptions = { trust: 1, header: 'forwarded' }

  test.each([
    ['for=192.0.2.43', '192.0.2.43'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe:0::/56'],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    ['for=203.0.113.9, for="198.51.100.17:80" ; host=example.org', '198.51.100.17'],
    // A quote that a client leaves open swallows nothing.
    ['for="203.0.113.9, for=198.51.100.17', '198.51.100.17'],
  ])('%s', (forwarded, key) => expect(clientAddress(from('127.0.0.1', { forwarded }), options)).toBe(key))

  test.each([
    ...[
      'for=unknown',
      'for=_hidden',
      'proto=https',
      'for',
      'for=',
      'for="192.0.2.1',
      '192.0.2.1',
      'for=192.0.2.1;for=192.0.2.2',
    ],
    // A host that was meant to look like an element of its own.
    ...['for=192.0.2.1;host="a,for=6.6.6.6"', 'for=192.0.2.1;host="a\\",for=6.6.6.6;x=\\""', 'host="x;for=6.6.6.6;y"'],
  ])('%s is refused', (forwarded) => {
    expect(() => clientAddress(from('127.0.0.1', { forwarded }), options)).toThrow('passed on in forwarded must be')
  })

  test('is the only header read then', () => {
    expect(clientAddress(through('127.0.0.1', '198.51.100.1'), { ...options, trust: ['loopback'] })).toBe('127.0.0.1')
  })
})

describe('no connected address', () => {
  const request = from(undefined, { 'x-forwarded-for': '203.0.113.1, 198.51.100.1' })

  test('is an error that says what to do, unless the trust covers it', () => {
    for (const options of [{}, { trust: 0 }, { trust: [] }, { trust: ['loopback'] }, { peer: undefined }]) {
      expect(() => clientAddress(request, options)).toThrow(
        /no connected address. On a Unix socket .* give trust \['unix'/,
      )
    }
    expect(clientAddress(request, { trust: ['unix'] })).toBe('198.51.100.1')
    expect(clientAddress(request, { trust: 1 })).toBe('198.51.100.1')
    for (const trust of [['unix'], 1])
      expect(() => clientAddress(from(undefined), { trust })).toThrow('no connected address')
  })
})

describe('warnings, once and by name', () => {
  test('of a proxy that nobody trusts', () => {
    for (let times = 0; times < 2; times++) clientAddress(through('10.0.0.1', '198.51.100.1'))
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0][0]).toMatch(/^SPILLWAY_NO_TRUST: .*give trust its networks or the number of proxies/)
  })

  test('but not where trust says that there is none, or there is no such header', () => {
    clientAddress(through('10.0.0.1', '198.51.100.1'), { trust: 0 })
    clientAddress(through('10.0.0.1', '198.51.100.1'), { trust: [] })
    clientAddress(from('10.0.0.1'))
    expect(warn).not.toHaveBeenCalled()
  })

  test.each([
    '0.0.0.0/0',
    '::/0',
    '::ffff:0:0/96',
    '0.0.0.0/1',
    '2000::/3',
    '::/1',
    '128.0.0.0/7',
    '::/8',
    '::/80',
    '::ffff:0:0/95',
    '::ffff:203.0.113.0/103',
  ])('of trust in everybody, which is not followed: %s', (network) => {
    const trust = [network]
    for (const peer of ['203.0.113.1', '2001:db8::1']) {
      const key = clientAddress(from(peer), { trust })
      expect(clientAddress(through(peer, '198.51.100.1'), { trust })).toBe(key)
    }
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0][0]).toMatch(/^SPILLWAY_TRUSTS_EVERYBODY: .*name the networks of your proxies/)
  })
})

test.each<[object | unknown, typeof TypeError | typeof RangeError, string]>([
  [{ trust: true }, TypeError, 'trust must be an array of networks or a number of proxies, not true'],
  [{ trust: 'loopback' }, TypeError, 'trust must be an array'],
  [{ trust: -1 }, RangeError, 'trust must be a whole number from 0 to 16, not -1'],
  [{ trust: 1.5 }, RangeError, 'trust must be a whole number'],
  [{ trust: Infinity }, RangeError, 'trust must be a whole number'],
  [{ trust: [5] }, TypeError, 'trust must hold strings, not 5'],
  [{ trust: ['localhost'] }, RangeError, "'loopback', 'linklocal', 'private', 'unix', not \"localhost\""],
  [{ trust: ['toString'] }, RangeError, 'not "toString"'],
  [{ trust: ['10.0.0.0/33'] }, RangeError, 'not "10.0.0.0/33"'],
  [{ trust: ['10.0.0.0/08'] }, RangeError, 'not "10.0.0.0/08"'],
  [{ trust: ['::/129'] }, RangeError, 'not "::/129"'],
  [{ header: 'x-real-ip' }, RangeError, "header must be 'x-forwarded-for' or 'forwarded', not \"x-real-ip\""],
  [{ ipv6Prefix: 31 }, RangeError, 'ipv6Prefix must be a whole number from 32 to 128, not 31'],
  [{ ipv6Prefix: '64' }, TypeError, 'ipv6Prefix must be'],
  [{ trustProxy: 1 }, TypeError, 'there is no option "trustProxy"; there are trust, header, peer, ipv6Prefix'],
  [null, TypeError, 'options must be an object, not null'],
])('options that are not accepted: %o', (options, kind, message) => {
  const attempt = () => clientAddress(from('192.0.2.1'), options as never)
  expect(attempt).toThrow(kind)
  expect(attempt).toThrow(message)
})
