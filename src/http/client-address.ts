/** Whom a request comes from: the address of the client, as a key that no client can choose. */
import { checkNames, checkNumber, describe } from '../limiter/index.js'
import type { Address } from './address.js'
import { formatAddress, parseAddress } from './address.js'
import type { ForwardingHeader } from './forwarded.js'
import { fromTheRight, nodeOf } from './forwarded.js'
import type { Trust, TrustedNetworks } from './trust.js'
import { isTrusted, readTrust } from './trust.js'
import { warnOnce } from './warnings.js'

/** A request of Node (Express, Fastify; Koa's context, too), or a web `Request`, which has no socket. */
export interface AddressedRequest {
  readonly headers:
    | { get(name: string): string | null }
    | { readonly [name: string]: string | readonly string[] | undefined }
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined
}

/** Options of `clientAddress`. */
export interface ClientAddressOptions {
  /**
   * The proxies whose word counts: their networks (`'10.0.0.0/8'`, `'2001:db8::1'`, or `'loopback'`, `'linklocal'`,
   * `'private'`, and `'unix'` for a socket without addresses), or how many there are between client and service: whole,
   * 0 to 16. Default none: the client is who is connected.
   */
  trust?: Trust | undefined
  /** The header that these proxies add to. Only this one is read. Default `'x-forwarded-for'`. */
  header?: ForwardingHeader | undefined
  /** The address that is connected, where the request does not have it: `getConnInfo(c).remote.address`. */
  peer?: string | null | undefined
  /** Bits of an IPv6 address that count. Whole, 32 to 128. Default 56, the network that a customer usually has. */
  ipv6Prefix?: number | undefined
}

const OPTION_NAMES = Object.keys({
  trust: true,
  header: true,
  peer: true,
  ipv6Prefix: true,
} satisfies Record<keyof ClientAddressOptions, true>)

const HEADERS: readonly ForwardingHeader[] = ['x-forwarded-for', 'forwarded']

/**
 * Tells the address that a request comes from, as a key: an IPv4 address without its port, or the network of an IPv6
 * address. Starts at the connected address and goes through the header from the right, for as long as each is a proxy's:
 * what a client wrote there itself is not reached.
 *
 * @throws {TypeError} {RangeError} for options that are not accepted
 * @throws {Error} if nothing is connected that has an address, and if a trusted proxy passed on what is no address
 * @example
 * ```ts
 * rateLimit({ limiter, key: (req) => clientAddress(req, { trust: ['loopback', '10.0.0.0/8'] }) })
 * ```
 */
export function clientAddress(request: AddressedRequest, options: ClientAddressOptions = {}): string {
  checkNames('options', options, OPTION_NAMES)
  const { trust, header = 'x-forwarded-for', ipv6Prefix = 56 }: ClientAddressOptions = options
  if (!HEADERS.includes(header)) {
    throw new RangeError(`header must be '${HEADERS.join("' or '")}', not ${describe(header)}`)
  }
  checkNumber('ipv6Prefix', ipv6Prefix, { from: 32, to: 128, whole: true })
  const trusted = readTrust(trust ?? 0)
  const connected = options.peer ?? request.socket?.remoteAddress
  const peer = connected == null ? undefined : read(connected, 'the connected address')
  const list = headerOf(request, header)
  if (list !== undefined && trust === undefined) {
    warnOnce(
      'SPILLWAY_NO_TRUST',
      `a request has ${header}, and clientAddress has no trust. Behind a proxy all clients have its address: give trust ` +
        'its networks or the number of proxies. If there is none, trust: 0 says so.',
    )
  }
  const client =
    typeof trusted === 'number' ? clientAfter(trusted, list, header) : clientBehind(trusted, peer, list, header)
  const found = client ?? peer
  if (found) return formatAddress(found, ipv6Prefix)
  throw new Error(
    'the request has no connected address. On a Unix socket the address is what a proxy says: give trust ' +
      "['unix', ...] or the number of proxies, and see that the proxy sets the header; elsewhere give the option peer. " +
      'A connection that is closed already has none, either.',
  )
}

/** The client behind so many proxies; undefined if it is who is connected. */
function clientAfter(hops: number, list: string | undefined, header: ForwardingHeader): Address | undefined {
  if (hops === 0) return undefined
  let passed = 0
  for (const entry of fromTheRight(list ?? '')) {
    if (++passed === hops) return readEntry(entry, header)
  }
  // Whoever is connected came another way than said, so its header is nobody's word.
  warnOnce(
    'SPILLWAY_FEWER_PROXIES',
    `trust is ${hops}, and a request came with fewer addresses in ${header}. It counts for who is connected. Is the number ` +
      'of proxies right, and does each add to the header?',
  )
  return undefined
}

/** The first address from the right that is no trusted proxy, or the last of all; undefined if it is who is connected. */
function clientBehind(
  trusted: TrustedNetworks,
  peer: Address | undefined,
  list: string | undefined,
  header: ForwardingHeader,
): Address | undefined {
  if (list === undefined || !(peer ? isTrusted(trusted, peer) : trusted.unix)) return undefined
  let client: Address | undefined
  for (const entry of fromTheRight(list)) {
    client = readEntry(entry, header)
    if (!isTrusted(trusted, client)) break
  }
  return client
}

function readEntry(entry: string, header: ForwardingHeader): Address {
  return read(header === 'forwarded' ? nodeOf(entry) : entry, `the address that a trusted proxy passed on in ${header}`)
}

function read(text: string | undefined, what: string): Address {
  const address = text === undefined ? undefined : parseAddress(text)
  if (address) return address
  throw new Error(`${what} must be an IPv4 or IPv6 address, not ${describe(text)}`)
}

/** All that a header says, as one list; undefined if there is none. */
function headerOf({ headers }: AddressedRequest, name: ForwardingHeader): string | undefined {
  const value = typeof headers.get === 'function' ? headers.get(name) : (headers as NodeHeaders)[name]
  return (Array.isArray(value) ? value.join() : (value as string | null | undefined)) ?? undefined
}

type NodeHeaders = { readonly [name: string]: string | readonly string[] | undefined }
