/** The process of one server. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { dirname } from 'node:path'
import { cpuMs } from '../cpu-time.js'
import { answerJobs } from '../job-process.js'
import type { ServerJobs } from './protocol.js'
import { startServer } from './servers.js'

// As services run; read by hosts when they are loaded, which is when one is started.
process.env.NODE_ENV = 'production'

const session = new Session()

answerJobs<ServerJobs>({
  async start(setup) {
    return { port: await startServer(setup) }
  },
  usage() {
    return { cpuMs: cpuMs(), rssBytes: process.memoryUsage.rss() }
  },
  async startProfile() {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 200 })
    await session.post('Profiler.start')
    return null
  },
  async stopProfile(file) {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(profile))
    return null
  },
})
