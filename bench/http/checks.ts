/** What must hold of a server before and after it is timed, seen from outside. */
import { CLIENT_HEADER, LIMIT, type LimiterKind } from './protocol.js'
import { ANSWER } from './servers.js'

/** Asks as a client. Gives what is left of its limit, or undefined if the answer does not say. */
async function remainingOf(port: number, client: string): Promise<number | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { [CLIENT_HEADER]: client } })
  const text = await answer.text()
  if (answer.status !== 200 || text !== ANSWER) throw new Error(`The answer was ${answer.status} ${text}`)
  const names = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']
  const [limit, remaining, reset] = names.map((name) => answer.headers.get(name))
  if (limit === null && remaining === null && reset === null) return undefined
  if (limit !== String(LIMIT) || remaining === null || !(Number(reset) > 0)) {
    throw new Error(`The headers were limit ${limit}, remaining ${remaining}, reset ${reset}`)
  }
  return Number(remaining)
}

/**
 * Checks that a server limits each client by itself and says so, or not at all.
 *
 * @throws {Error} if not
 */
export async function checkAnswers(port: number, limiter: LimiterKind): Promise<void> {
  for (const [client, left] of [
    ['check-a', LIMIT - 1],
    ['check-b', LIMIT - 1],
    ['check-a', LIMIT - 2],
  ] as const) {
    const remaining = await remainingOf(port, client)
    const right = limiter === 'none' ? undefined : left
    if (remaining !== right) throw new Error(`${client} had ${remaining} left, where ${right} is right`)
  }
}

/**
 * Checks that a client's requests were counted: none forgotten, and no more than were sent.
 *
 * @param answered how many answers it has got
 * @param lost how many more it may have sent, whose answers nobody waited for
 * @throws {Error} if not
 */
export async function checkCount(port: number, client: string, answered: number, lost: number): Promise<void> {
  const remaining = await remainingOf(port, client)
  const most = LIMIT - answered - 1
  if (remaining === undefined || remaining > most || remaining < most - lost) {
    throw new Error(`${client} had ${remaining} left after ${answered} answers and at most ${lost} requests more`)
  }
}
