/** Which proxies are trusted: options into what addresses are compared with. */
import { checkNumber, describe } from '../limiter/index.js'
import type { Address, Network } from './address.js'
import { contains, parseNetwork, touchesV4 } from './address.js'
import { warnOnce } from './warnings.js'

/** Networks of proxies, or the number of proxies. */
export type Trust = readonly string[] | number

/** Networks of proxies, read. */
export interface TrustedNetworks {
  readonly networks: readonly Network[]
  /** Whether a connection without an address is a proxy's. */
  readonly unix: boolean
}

const MOST_HOPS = 16

const NAMED: { readonly [name: string]: readonly string[] } = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
  unix: [],
}

/** Shorter prefixes are no network of proxies: they hold a good part of everybody, `::/8` all of IPv4 in its mapped form. */
const FEWEST_BITS = { v4: 96 + 8, v6: 7 }

/** What was read, by its text: key functions pass a new array with each request. */
const known = new Map<string, TrustedNetworks>()

/** Nobody has so many different ones, unless they are made up as requests come. */
const MOST_KNOWN = 100

/**
 * Reads the option `trust`.
 *
 * @throws {TypeError} for a wrong type, `true` among them
 * @throws {RangeError} for a number of proxies or a network that is not accepted
 */
export function readTrust(trust: Trust): TrustedNetworks | number {
  if (typeof trust === 'number') return checkNumber('trust', trust, { from: 0, to: MOST_HOPS, whole: true })
  if (!Array.isArray(trust)) {
    throw new TypeError(`trust must be an array of networks or a number of proxies, not ${describe(trust)}`)
  }
  const text = trust.join()
  let found = known.get(text)
  if (!found) {
    found = readNetworks(trust)
    if (known.size === MOST_KNOWN) known.clear()
    known.set(text, found)
  }
  return found
}

export function isTrusted({ networks }: TrustedNetworks, address: Address): boolean {
  return networks.some((network) => contains(network, address))
}

function readNetworks(trust: readonly unknown[]): TrustedNetworks {
  const networks = trust.flatMap((entry) => {
    if (typeof entry !== 'string') throw new TypeError(`trust must hold strings, not ${describe(entry)}`)
    const texts = Object.hasOwn(NAMED, entry) ? NAMED[entry] : [entry]
    return texts.map((text) => {
      const network = parseNetwork(text)
      if (network) return network
      const names = Object.keys(NAMED).join("', '")
      throw new RangeError(
        `trust must hold addresses, networks such as '10.0.0.0/8', or '${names}', not ${describe(entry)}`,
      )
    })
  })
  const narrow = networks.filter((network) => network.bits >= (touchesV4(network) ? FEWEST_BITS.v4 : FEWEST_BITS.v6))
  if (narrow.length < networks.length) {
    warnOnce(
      'SPILLWAY_TRUSTS_EVERYBODY',
      'trust holds a network so large that clients are in it, who could then choose their address. It is ignored: name ' +
        "the networks of your proxies, such as ['loopback', '10.0.0.0/8'], or their number.",
    )
  }
  return { networks: narrow, unix: trust.includes('unix') }
}
