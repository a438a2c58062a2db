/**
 * Addresses and networks, IPv4 and IPv6, as eight numbers of 16 bits. An IPv4 address is its IPv4-mapped IPv6 address, so
 * that one that a dual-stack socket reports as ::ffff:192.0.2.1 is 192.0.2.1.
 */

/** Eight groups of 16 bits. */
export type Address = readonly number[]

/** All addresses that have the first `bits` bits in common. */
export interface Network {
  readonly start: Address
  /** 0 to 128; that of an IPv4 network is 96 more than its own. */
  readonly bits: number
}

const BITS = 128
/** Bits before an IPv4 address in its mapped form. */
const MAPPED_BITS = 96

/** Starts of the blocks whose last 32 bits are an IPv4 address: as mapped, and as translators write it (NAT64, RFC 6052). */
const V4: Address = [0, 0, 0, 0, 0, 0xffff, 0, 0]
const TRANSLATED: Address = [0x64, 0xff9b, 0, 0, 0, 0, 0, 0]

/** The longest text of an address without its zone. */
const LONGEST = 45

/**
 * Reads an address as proxies and sockets write it. A zone (`%eth0`), a port and brackets go.
 *
 * @returns undefined for all that is no address; leading zeros, which some read as octal, are none
 */
export function parseAddress(text: string): Address | undefined {
  const bracketed = /^\[([^\]]{2,100})\](?::\d{1,5})?$/.exec(text)
  if (bracketed) return parseV6(bracketed[1])
  if (text.indexOf(':') === text.lastIndexOf(':')) return parseV4(text.replace(/:\d{1,5}$/, ''))
  return parseV6(text)
}

/** Reads an address or a network: `10.0.0.0/8`, `2001:db8::/32`. */
export function parseNetwork(text: string): Network | undefined {
  const [, address, length] = /^([^/[\]%]{2,45})(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? []
  if (address === undefined) return undefined
  const v4 = parseV4(address)
  const start = v4 ?? parseV6(address)
  const before = v4 ? MAPPED_BITS : 0
  const bits = length === undefined ? BITS : before + Number(length)
  return start && bits <= BITS ? { start, bits } : undefined
}

export function contains({ start, bits }: Network, address: Address): boolean {
  for (let index = 0, left = bits; left > 0; index++, left -= 16) {
    const shift = Math.max(0, 16 - left)
    if (start[index] >> shift !== address[index] >> shift) return false
  }
  return true
}

/** Whether a network is within IPv4, or has all of it in its midst. */
export function touchesV4({ start, bits }: Network): boolean {
  return contains({ start, bits: Math.min(bits, MAPPED_BITS) }, V4)
}

/**
 * Writes an IPv4 address as it is, translated or not, and of an IPv6 address the network of so many bits: who has one address has all of
 * that. Addresses of the same network have the same text.
 */
export function formatAddress(address: Address, v6Bits: number): string {
  // All clients behind a translator would have one key, were theirs not seen through.
  if ([V4, TRANSLATED].some((start) => contains({ start, bits: MAPPED_BITS }, address))) {
    return [address[6] >> 8, address[6] & 255, address[7] >> 8, address[7] & 255].join('.')
  }
  const groups: string[] = []
  for (let index = 0, left = v6Bits; left > 0; index++, left -= 16) {
    const shift = Math.max(0, 16 - left)
    groups.push(((address[index] >> shift) << shift).toString(16))
  }
  if (v6Bits === BITS) return groups.join(':')
  return `${groups.join(':')}${groups.length < 8 ? '::' : ''}/${v6Bits}`
}

function parseV4(text: string): Address | undefined {
  const groups = parseDotted(text)
  return groups && [0, 0, 0, 0, 0, 0xffff, ...groups]
}

/** The two groups of an IPv4 address. */
function parseDotted(text: string): number[] | undefined {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text)
  if (!match) return undefined
  const [a, b, c, d] = match.slice(1).map(Number)
  return Math.max(a, b, c, d) > 255 ? undefined : [a * 256 + b, c * 256 + d]
}

function parseV6(given: string): Address | undefined {
  const [text, zone] = given.split('%', 2)
  if (text.length > LONGEST || zone === '') return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => parseGroups(half, index === halves.length - 1))
  if (halves.length === 1) return head?.length === 8 ? head : undefined
  // A double colon stands for one group or more.
  if (!head || !tail || head.length + tail.length > 7) return undefined
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes('.')) {
      const dotted = parseDotted(part)
      if (!dotted) return undefined
      groups.push(...dotted)
    } else {
      if (!/^[\da-f]{1,4}$/i.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}
