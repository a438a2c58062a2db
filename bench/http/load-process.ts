/** The process of the load generator: autocannon, whose CPU time is then none of the server's. */
import autocannon from 'autocannon'
import { cpuMs } from '../cpu-time.js'
import { Histogram } from '../histogram.js'
import { answerJobs } from '../job-process.js'
import type { LoadJobs, LoadResult, LoadSetup } from './protocol.js'
import { CLIENT_HEADER, clientName } from './protocol.js'

answerJobs<LoadJobs>({ load })

/** Sends requests, each connection one after the other. Rejects unless all are answered with status 200. */
async function load({ port, connections, firstClient, each, until }: LoadSetup): Promise<LoadResult> {
  let client = firstClient
  const step = each === 'next' ? 1 : 0
  const latency = new Histogram()
  let requests = 0
  let wrong = 0
  let endedAt = 0
  const before = cpuMs()
  const startedAt = performance.now()
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url: `http://127.0.0.1:${port}/`,
        connections,
        // The same way for both traffics, so that they cost the load generator the same.
        requests: [
          {
            setupRequest(request) {
              request.headers = { [CLIENT_HEADER]: clientName(client) }
              client += step
              return request
            },
          },
        ],
        ...('requests' in until ? { amount: until.requests } : { duration: until.seconds }),
      },
      (error: unknown, done: autocannon.Result) => (error ? reject(error) : resolve(done)),
    )
    // autocannon's own histogram is of whole milliseconds.
    instance.on('response', (_client, status, _bytes, ms) => {
      requests++
      if (status !== 200) wrong++
      latency.record(ms)
      endedAt = performance.now()
    })
  })
  if (wrong + result.errors > 0 || requests === 0) {
    throw new Error(`Of ${requests} answers ${wrong} were not of status 200, and there were ${result.errors} errors`)
  }
  return {
    requests,
    seconds: (endedAt - startedAt) / 1000,
    latency: latency.data(),
    cpuMs: cpuMs() - before,
    nextClient: client,
  }
}
