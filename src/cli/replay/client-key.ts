/**
 * Whom a request counts for, as `clientAddress` of `spillway/http` tells it: addresses without ports, IPv6 by its network, and of
 * what proxies forwarded the last address that no trusted proxy has, never the left-most, which clients write themselves.
 *
 * A log has a value of these three kinds: the connected address alone; that, and what proxies forwarded; or only what they
 * forwarded, in which case a proxy wrote the line, or is trusted by who did.
 */
import { formatAddress, parseAddress } from '../../http/address.js'
import { fromTheRight, nodeOf } from '../../http/forwarded.js'
import type { TrustedNetworks } from '../../http/trust.js'
import { isTrusted, readTrust } from '../../http/trust.js'
import type { LogEntry } from './formats/index.js'
import type { ReplaySettings } from './settings.js'

type Address = NonNullable<ReturnType<typeof parseAddress>>

/** The user, one character a byte; and what is to be told of the line. Without a key, the line counts for nobody. */
interface Counted {
  readonly key?: string
  readonly why?: string
}

/** Requests of a user come again and again. */
const MOST_KNOWN = 100_000

const NEEDS_TRUST = 'a list of forwarded addresses: --trust says which of them counts'
const FEWER = 'fewer forwarded addresses than --trust says there are proxies'
const NO_ADDRESS = 'what a trusted proxy forwarded is no address'
const NO_PEER = 'the connected address is none'

export class ClientKeys {
  readonly #trust: TrustedNetworks | number | undefined
  readonly #ipv6Prefix: number
  readonly #isAddress: boolean
  readonly #known = new Map<string, Counted>()

  constructor({ key, trust, ipv6Prefix }: Pick<ReplaySettings, 'key' | 'trust' | 'ipv6Prefix'>) {
    this.#trust = trust === undefined ? undefined : readTrust(trust)
    this.#ipv6Prefix = ipv6Prefix
    this.#isAddress = key !== 'user'
  }

  of({ key, forwarded }: LogEntry): Counted {
    if (key === undefined) return {}
    if (!this.#isAddress) return { key }
    const text = forwarded === undefined || this.#trust === undefined ? key : `${key}\n${forwarded ?? ''}`
    let counted = this.#known.get(text)
    if (!counted) {
      counted = this.#count(key, forwarded)
      if (this.#known.size === MOST_KNOWN) this.#known.clear()
      this.#known.set(text, counted)
    }
    return counted
  }

  #count(value: string, forwarded: string | null | undefined): Counted {
    if (this.#trust === undefined) {
      const address = parseAddress(value)
      if (address) return this.#named(address)
      return isList(value) ? { why: NEEDS_TRUST } : { key: value }
    }
    if (forwarded === undefined) {
      // Without proxies, an address is who is connected.
      const alone = this.#trust === 0 && !isList(value) ? parseAddress(value) : undefined
      return alone ? this.#named(alone) : this.#forwardedTo(this.#trust, undefined, value)
    }
    const peer = parseAddress(value)
    return peer ? this.#forwardedTo(this.#trust, peer, forwarded ?? '') : { why: NO_PEER }
  }

  /** Without a peer, one is taken for granted, and trusted. */
  #forwardedTo(trust: TrustedNetworks | number, peer: Address | undefined, list: string): Counted {
    if (trust === 0 || (typeof trust === 'object' && peer && !isTrusted(trust, peer))) {
      return peer ? this.#named(peer) : { why: '--trust 0 leaves nobody whose list counts' }
    }
    let client = peer
    let passed = 0
    for (const entry of fromTheRight(list)) {
      const address = addressOf(entry)
      passed++
      // Of a number of proxies all but the last may be anything, as in the service.
      if (typeof trust === 'number' && passed < trust) continue
      if (!address) return { why: NO_ADDRESS }
      client = address
      if (typeof trust === 'number' || !isTrusted(trust, address)) break
    }
    if (typeof trust === 'number' && passed < trust) return peer ? { ...this.#named(peer), why: FEWER } : { why: FEWER }
    return client ? this.#named(client) : {}
  }

  #named(address: Address): Counted {
    return { key: formatAddress(address, this.#ipv6Prefix) }
  }
}

/** Whether the last of several is an address: a proxy adds at the right. Other texts have commas, too. */
function isList(text: string): boolean {
  const [last, before] = fromTheRight(text)
  return last !== undefined && (before !== undefined || last.includes('=')) && addressOf(last) !== undefined
}

function addressOf(entry: string): Address | undefined {
  const node = entry.includes('=') ? nodeOf(entry) : entry
  return node === undefined ? undefined : parseAddress(node)
}
