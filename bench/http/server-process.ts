/** The process of one server. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { dirname } from 'node:path'
import { answerJobs } from '../job-process.js'
import type { ServerJobs } from './protocol.js'
import { startServer } from './servers.js'

// As services run; read by hosts when they are loaded, which is when one is started.
process.env.NODE_ENV = 'production'

const session = new Session()

answerJobs<ServerJobs>(async (request) => {
  switch (request.job) {
    case 'start':
      return { port: await startServer(request.given) }
    case 'usage': {
      const { user, system } = process.cpuUsage()
      return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() }
    }
    case 'startProfile':
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: 200 })
      await session.post('Profiler.start')
      return null
    case 'stopProfile': {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      mkdirSync(dirname(request.given), { recursive: true })
      writeFileSync(request.given, JSON.stringify(profile))
      return null
    }
  }
})
