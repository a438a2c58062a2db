/**
 * Kills the server of `examples/restart` at random moments while it writes snapshots all the time under load, and starts it
 * again: it must always find a whole snapshot, and who was denied when one was written is denied still.
 */
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { address } from './app-server.mjs'

const KILLS = 12
const USERS = 200

/** @param {string} app the folder that has the package and the examples */
export async function checkRestarts(app) {
  const file = `${app}/limits.snapshot`
  /** Users who were seen blocked before the last whole snapshot was begun. */
  const blocked = new Set()
  let users = 0
  let requests = 0
  for (let kills = 0; kills < KILLS; kills++) {
    const server = await start(app, file)
    if (kills > 0) {
      if (server.errors() !== '') throw new Error(`after ${kills} kills: ${server.errors()}`)
      if (server.users < users) throw new Error(`after ${kills} kills it has ${server.users} users, not ${users}`)
      for (const user of blocked) {
        const status = await ask(server.url, user)
        if (status !== '429 blocked') throw new Error(`after ${kills} kills ${user}, who was blocked, got ${status}`)
      }
    }
    // Six requests of a user: five admitted, and one that gets it blocked.
    for (let i = 0; i < 5; i++) {
      const user = `blocked_${kills}_${i}`
      for (let time = 0; time < 6; time++) await ask(server.url, user)
      blocked.add(user)
    }
    users = blocked.size
    // Two more snapshots: the second of them was begun after all of these were blocked.
    await snapshots(file, 2)
    let asking = true
    const load = async (worker) => {
      while (asking) {
        await ask(server.url, `user_${worker}_${requests++ % USERS}`).catch(() => undefined)
      }
    }
    const workers = [load(0), load(1), load(2)]
    await wait(Math.random() * 150)
    server.child.kill('SIGKILL')
    await server.ended
    asking = false
    await Promise.all(workers)
  }

  // Ended in order, it forgets nothing at all.
  const server = await start(app, file)
  await ask(server.url, 'last')
  server.child.kill('SIGTERM')
  await server.ended
  const next = await start(app, file)
  if (next.users !== server.users + 1)
    throw new Error(`after SIGTERM it has ${next.users} users, not ${server.users + 1}`)
  next.child.kill('SIGKILL')
  await next.ended

  // What is damaged is reported, and the server starts without it.
  const bytes = await readFile(file)
  bytes[bytes.length >> 1] ^= 1
  await writeFile(file, bytes)
  const fresh = await start(app, file)
  if (fresh.users !== 0 || !fresh.errors().includes('snapshot: it is damaged')) {
    throw new Error(`with a damaged snapshot it has ${fresh.users} users and says: ${fresh.errors()}`)
  }
  fresh.child.kill('SIGKILL')
  await fresh.ended
  return `${KILLS} kills under ${requests} requests: ${blocked.size} blocked users stayed so; SIGTERM lost nobody; damage is reported`
}

async function start(app, file) {
  const env = { ...process.env, PORT: '0', SNAPSHOT: file, INTERVAL_MS: '1' }
  const args = ['examples/restart/server.mjs']
  const child = spawn(process.execPath, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  let said = ''
  let errors = ''
  child.stdout.on('data', (text) => {
    said += text
  })
  child.stderr.on('data', (text) => {
    errors += text
  })
  const url = await address(child)
  return { child, ended, url, users: Number(/with (\d+) users/.exec(said)?.[1]), errors: () => errors }
}

async function ask(url, user) {
  const response = await fetch(url, { headers: { 'x-user': user }, signal: AbortSignal.timeout(10_000) })
  const text = await response.text()
  return response.status === 200 ? '200' : `${response.status} ${text.trim()}`
}

/** Waits until so many more snapshots took the name: by the times that they say they were begun at. */
async function snapshots(file, more) {
  let last = await begunAt(file)
  for (const deadline = Date.now() + 60_000; more > 0; ) {
    if (Date.now() > deadline) throw new Error('it writes no snapshots')
    await wait(5)
    const time = await begunAt(file)
    if (time === last) continue
    last = time
    more--
  }
}

async function begunAt(file) {
  const bytes = await readFile(file).catch(() => undefined)
  return bytes?.readDoubleLE(64)
}
