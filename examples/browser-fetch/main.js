// Sends many calls at once on a click, and shows when each really left.
import { loadLimiter } from 'spillway'
import { throttle } from './throttled-fetch.js'

const limiter = await loadLimiter({ limit: 10, burst: false })
const throttledFetch = throttle(limiter)
const button = document.querySelector('button')
const list = document.querySelector('ol')

button.addEventListener('click', async () => {
  const start = performance.now()
  await Promise.all(Array.from({ length: 25 }, () => send(start)))
})

async function send(start) {
  const response = await throttledFetch('./index.html', { cache: 'no-store' })
  const item = document.createElement('li')
  item.textContent = `${response.status} after ${Math.round(performance.now() - start)} ms`
  list.append(item)
}

button.disabled = false
