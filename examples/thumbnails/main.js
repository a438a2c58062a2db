// Each thumbnail waits for its turn. Those on screen go first, and Cancel ends the wait of all.
import { loadLimiter } from 'spillway'
import { Queue, throttledFetch } from 'spillway/queue'

const COUNT = 500
// A little less than the API admits, as another page may ask, too.
const limiter = await loadLimiter({ limit: 180, windowMs: 1000 })
const apiFetch = throttledFetch({ limiter })
// One second is a long time to change one's mind: few are asked for at once, so what is on screen is looked up late.
const queue = new Queue(await loadLimiter({ limit: 1_000_000 }), { concurrency: 6, maxWaiting: COUNT, onChange: show })

const cancel = new AbortController()
const progress = document.querySelector('progress')
const output = document.querySelector('output')
const grid = document.querySelector('main')
let loaded = 0

/** Waits of those that are not on screen: they are given up, and begun anew with priority, when they come into view. */
const waits = new Map()
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting || !waits.has(target)) continue
    waits.get(target).abort()
    load(target, 3)
  }
})

for (let number = 0; number < COUNT; number++) {
  const image = document.createElement('img')
  image.alt = ''
  image.dataset.number = number
  grid.append(image)
  observer.observe(image)
  load(image, 0)
}

async function load(image, priority) {
  const wait = new AbortController()
  waits.set(image, wait)
  const signal = AbortSignal.any([wait.signal, cancel.signal])
  try {
    const response = await queue.run(
      'all',
      () => {
        waits.delete(image)
        return apiFetch(`/thumbnails/${image.dataset.number}`, { signal: cancel.signal })
      },
      { priority, signal },
    )
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
