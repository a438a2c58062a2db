/**
 * Snapshots: all users as bytes, and back. `docs/snapshot.md` has the format:
 *
 *     "SPILLWAY", version, users, limit, windowMs, capacity, refillPerSecond, age, wall time: f64 each | key 16 B |
 *     records of users (`assembly/record.ts`) | checksum u64
 *
 * The checksum is the core's own hash, under the key of the snapshot: it finds damage, not forgery. All is little-endian, as
 * WebAssembly is, and every platform that runs it.
 */
import { NO_ROOM, PASSING, SCRATCH_SIZE } from './abi.js'
import { LATEST_MS } from './clock.js'
import { Core, outOfMemory } from './core.js'
import type { CoreModule } from './core-module.js'
import type { Settings } from './options.js'
import type { Quota } from './quota.js'

/** The number that the letters SPILLWAY are as a f64. */
const MAGIC = 8.955763140700654e121
const VERSION = 1

/** Where the parts are, behind the numbers. */
const KEY = 72
const RECORDS = 88

const CHECKSUM = 8

/** In the order of the header. */
const QUOTA_NAMES = ['limit', 'windowMs', 'capacity', 'refillPerSecond'] as const satisfies (keyof Quota)[]

/**
 * Writes the users of instances that share a key.
 *
 * @param age milliseconds since loading
 */
export function writeSnapshot(cores: readonly Core[], quota: Quota, age: number): Uint8Array<ArrayBuffer> {
  let end = RECORDS
  let users = 0
  for (const core of cores) {
    users += core.abi.userCount()
    end += core.abi.startReading() >>> 0
  }
  const bytes = new Uint8Array(end + CHECKSUM)
  const ofQuota = QUOTA_NAMES.map((name) => quota[name])
  bytes.set(bytesOf(new Float64Array([MAGIC, VERSION, users, ...ofQuota, age, Date.now()])))
  bytes.set(bytesOf(cores[0].key), KEY)
  let at = RECORDS
  for (const core of cores) {
    for (let length = 1; length > 0; at += length) {
      length = core.abi.readUsers()
      bytes.set(core.views.bytes.subarray(0, length), at)
    }
  }
  bytes.set(checksumOf(bytes, cores[0]), end)
  return bytes
}

/**
 * Makes an instance that goes on with the users of a snapshot, as if it had been idle since.
 *
 * @param reading the clock now
 * @throws {Error} for bytes that are no snapshot, damaged, of another version, or of a limiter with other options
 * @throws {RangeError} for more users than there may be, and if there is no memory for them
 */
export function readSnapshot(bytes: Uint8Array, module: CoreModule, settings: Settings, reading: number): Core {
  const end = bytes.length - CHECKSUM
  // Copies, since a part of a larger buffer may not be aligned.
  const [magic, version, users, ...others] = end < RECORDS ? [] : new Float64Array(copyOf(bytes, 0, KEY))
  if (magic !== MAGIC) throw new Error('snapshot: it is none of a limiter')
  if (version !== VERSION) throw new Error(`snapshot: it is of version ${version}; this is for ${VERSION}`)
  const [age, wallTime] = others.slice(QUOTA_NAMES.length)
  const newAge = age + Math.max(0, Date.now() - wallTime)
  const core = new Core(module, settings, new Uint32Array(copyOf(bytes, KEY, RECORDS))).start(reading - newAge)
  if (checksumOf(bytes, core).some((byte, index) => byte !== bytes[end + index])) throw damaged()
  QUOTA_NAMES.forEach((name, index) => {
    if (others[index] === settings.quota[name]) return
    throw new Error(`snapshot: it is of ${name} ${others[index]}; this is for ${settings.quota[name]}`)
  })
  if (users > settings.maxUsers) {
    throw new RangeError(`snapshot: it is of ${users} users; maxUsers is ${settings.maxUsers}`)
  }
  if (!(age >= 0 && newAge <= LATEST_MS)) throw damaged()
  // Rounding may have made the origin late.
  core.abi.resume(newAge, 0, 0)
  addUsers(core, bytes.subarray(RECORDS, end), settings)
  // Some of those who have gone stale meanwhile were left out.
  if (core.abi.userCount() + core.statistics().swept !== users) throw damaged()
  return core
}

function addUsers(core: Core, records: Uint8Array, settings: Settings): void {
  for (let at = 0; at < records.length; ) {
    // Ahead of need: what a limiter grows while it loads is not grown in a decision.
    core.abi.growAhead()
    const part = records.subarray(at, at + SCRATCH_SIZE)
    core.views.bytes.set(part)
    const taken = core.abi.addUsers(part.length, 0)
    if (taken === NO_ROOM) throw outOfMemory(settings)
    if (taken <= 0) throw damaged()
    at += taken
  }
}

/** The checksum of all but the last bytes. */
function checksumOf(bytes: Uint8Array, { abi, views }: Core): Uint8Array {
  const end = bytes.length - CHECKSUM
  abi.begin(0)
  let at = 0
  for (; end - at > SCRATCH_SIZE; at += SCRATCH_SIZE) {
    views.bytes.set(bytes.subarray(at, at + SCRATCH_SIZE))
    abi.absorb(SCRATCH_SIZE)
  }
  views.bytes.set(bytes.subarray(at, end))
  abi.remember(PASSING, end - at)
  return bytesOf(new Int32Array([abi.handleLow(PASSING), abi.handleHigh(PASSING)]))
}

function bytesOf({ buffer }: Float64Array | Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer)
}

function copyOf(bytes: Uint8Array, from: number, to: number): ArrayBuffer {
  // Not `slice` of the bytes themselves: that of a Node `Buffer` copies nothing.
  return new Uint8Array(bytes.subarray(from, to)).buffer
}

function damaged(): Error {
  return new Error('snapshot: it is damaged')
}
