// Each thumbnail waits for its turn. Those on screen go first, and Cancel ends the wait of all.
import { loadLimiter } from 'spillway'
import { throttledFetch } from 'spillway/queue'

const COUNT = 500
// A little less than the API admits, as another page may ask, too.
const limiter = await loadLimiter({ limit: 180, windowMs: 1000 })

/** By address, what ends the wait of a thumbnail that has not been asked for yet. */
const waits = new Map()
const apiFetch = throttledFetch({
  limiter,
  fetch(address, init) {
    waits.delete(address)
    return fetch(address, init)
  },
})

const cancel = new AbortController()
const progress = document.querySelector('progress')
const output = document.querySelector('output')
const grid = document.querySelector('main')
let loaded = 0

/** Those that come into view while they wait begin anew, before all others. */
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const wait = isIntersecting && waits.get(target.dataset.address)
    if (!wait) continue
    wait.abort()
    load(target, 'high')
  }
})

for (let number = 0; number < COUNT; number++) {
  const image = document.createElement('img')
  image.alt = ''
  image.dataset.address = `/thumbnails/${number}`
  grid.append(image)
  observer.observe(image)
  load(image, 'auto')
}

async function load(image, priority) {
  const { address } = image.dataset
  const wait = new AbortController()
  waits.set(address, wait)
  const signal = AbortSignal.any([wait.signal, cancel.signal])
  try {
    const response = await apiFetch(address, { priority, signal })
    image.src = URL.createObjectURL(await response.blob())
    loaded++
    show()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function show() {
  progress.value = loaded
  output.value = cancel.signal.aborted ? `Cancelled at ${loaded}` : `${loaded} of ${COUNT}`
}

document.querySelector('button').addEventListener('click', () => {
  cancel.abort()
  show()
})
