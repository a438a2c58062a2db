// Browser: a fetch that waits its turn, so that the server need not refuse. Serve the folder above node_modules and open index.html

/**
 * Makes a `fetch` that is held back to what a limiter admits for each host. Calls leave in the order they were made.
 *
 * @param {import('spillway').Limiter} limiter
 * @returns {typeof fetch}
 */
export function throttle(limiter) {
  const turns = new Map()
  return async (input, init) => {
    const { host } = new URL(input instanceof Request ? input.url : input, location.href)
    const turn = (turns.get(host) ?? Promise.resolve()).then(() => admission(limiter, host))
    turns.set(host, turn)
    await turn
    return fetch(input, init)
  }
}

/** Waits until the limiter admits a call. */
async function admission(limiter, host) {
  for (;;) {
    const { allowed, retryAfterMs } = limiter.check(host)
    if (allowed) return
    await new Promise((resolve) => setTimeout(resolve, Math.ceil(retryAfterMs)))
  }
}
