/** The page that runs the suite on its main thread, or has a worker run it if the runtime's name says so. */
const runtime = new URLSearchParams(location.search).get('runtime')

function send(report) {
  return fetch('/report', { method: 'POST', body: JSON.stringify(report) })
}

function sendFailure(failure) {
  return send({ runtime, version: navigator.userAgent, passed: 0, failed: [String(failure)], decisionsPerSecond: 0 })
}

if (runtime.includes('-worker')) {
  const worker = new Worker(`/hosts/worker.mjs${location.search}`, { type: 'module' })
  worker.onmessage = ({ data }) => send(data)
  worker.onerror = (event) => sendFailure(event.message ?? 'the worker could not be loaded')
} else {
  import('./browser.mjs').then(async ({ report }) => send(await report)).catch(sendFailure)
}
