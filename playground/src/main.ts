/** Puts the page together: settings in the address, the simulation, the clock that drives it, and all that shows it. */
import 'uplot/dist/uPlot.min.css'
import './view/style.css'
import { Form } from './input/form.js'
import { Holding } from './input/holding.js'
import { startKeyboard } from './input/keyboard.js'
import { startJumps, startSharing } from './input/links.js'
import { Player } from './input/player.js'
import type { Settings } from './model/settings.js'
import {
  correctionsIn,
  formatSettings,
  isSameScenario,
  parseSettings,
  SPEEDS,
  startsPaused,
  ZOOMS,
} from './model/settings.js'
import { Simulation, USER_IDS } from './model/simulation.js'
import type { User } from './model/user.js'
import { Charts } from './view/charts.js'
import { byId, setText } from './view/dom.js'
import { FleetView } from './view/fleet-view.js'
import { Latest } from './view/latest.js'
import { Scores } from './view/scores.js'
import { Status } from './view/status.js'
import { startTheme } from './view/theme.js'
import { conditions, duration, fleetWorst, moment, span, standing, tokens, worst } from './view/words.js'

/** How often the page is drawn where less motion is asked for, and how often the table is. */
const CALM_MS = 500

/** What a frame may take to simulate; what is due beyond that is left out, and the page plays slower than asked. */
const FRAME_BUDGET_MS = 12

/** So long a step may keep the page from answering. */
const STEP_BUDGET_MS = 200

/** Windows that are run at once where a thing to try is chosen while the clock stands: it shows something then. */
const WINDOWS_AHEAD = 6

/** Windows that a block lasts. */
const BLOCK_WINDOWS = 2

let settings: Settings = parseSettings(location.hash)
let simulation = await Simulation.load(settings).catch((error: unknown) => {
  byId('failed', HTMLElement).hidden = false
  throw error
})

const calm = matchMedia('(prefers-reduced-motion: reduce)')
const charts = new Charts()
const fleetView = new FleetView()
const scores = new Scores(byId('scores', HTMLElement))
const latest = new Latest(byId('latest', HTMLDetailsElement))
const status = new Status(byId('status', HTMLElement))
const readings = {
  now: byId('now', HTMLOutputElement),
  fill: byId('fill', HTMLElement),
  tokens: byId('tokens', HTMLElement),
  conditions: byId('conditions', HTMLElement),
  effect: byId('effect', HTMLElement),
}
const blockButton = byId('block', HTMLButtonElement)
const playButton = byId('play', HTMLButtonElement)

let lastDrawn = 0
let lastTable = 0

const player = new Player(async (ms) => {
  await forward(ms, FRAME_BUDGET_MS)
  const now = performance.now()
  if (calm.matches && now - lastDrawn < CALM_MS) return
  lastDrawn = now
  draw()
  if (now - lastTable >= CALM_MS) {
    lastTable = now
    tell()
  }
  status.summarise(summary)
})

/** Simulated milliseconds that are moved on at once: a small part of a window. */
function partMs(): number {
  return Math.max(1, Math.round(settings.windowMs / 100))
}

/** Moves on by so many milliseconds, or as far as it comes in so much real time. */
async function forward(ms: number, budgetMs: number): Promise<void> {
  const moved = simulation
  const end = performance.now() + budgetMs
  let left = ms
  do {
    const part = Math.min(left, partMs())
    await moved.advance(part)
    left -= part
  } while (left > 0 && moved === simulation && performance.now() < end)
}

/** Moves on by so many milliseconds, however long it takes; the page goes on answering. */
async function leapBy(ms: number): Promise<void> {
  const moved = simulation
  let last = performance.now()
  for (let left = ms; left > 0 && moved === simulation; left -= partMs()) {
    await moved.advance(Math.min(left, partMs()))
    if (performance.now() - last < STEP_BUDGET_MS) continue
    await new Promise((resolve) => setTimeout(resolve))
    draw()
    last = performance.now()
  }
}

function shownUser(): User {
  const user = simulation.users[settings.shown]
  if (!user) throw new Error(`There is no user ${settings.shown}`)
  return user
}

/** What changes from frame to frame. */
function draw(): void {
  charts.draw(simulation, settings, simulation.now + player.rest)
  scores.show(simulation, shownUser())
  fleetView.draw(simulation, shownUser(), settings.zoom, simulation.now + player.rest)
  const { fill, tokens: saved, blockedMs } = simulation.standing(settings.shown)
  setText(readings.now, moment(simulation.now, settings.windowMs < 60_000 ? 2 : 0))
  setText(readings.fill, `${fill} of ${settings.limit}`)
  setText(readings.tokens, tokens(saved))
  setText(readings.conditions, conditions(simulation, settings.shown))
  setText(blockButton, blockedMs > 0 ? 'Unblock' : `Block for ${duration(BLOCK_WINDOWS * settings.windowMs)}`)
}

/** What would be too much work, or too much to read, each frame. */
function tell(): void {
  latest.show(shownUser())
  charts.describe(standing(simulation, settings.shown, shownUser()))
  fleetView.describe(simulation, shownUser())
}

function drawAll(): void {
  draw()
  tell()
}

function summary(): string {
  const user = shownUser()
  return `${standing(simulation, settings.shown, user)} ${worst(simulation, user)} ${fleetWorst(simulation, user)}`
}

function setPlaying(playing: boolean): void {
  if (playing) player.play()
  else player.pause()
  playButton.textContent = playing ? 'Pause' : 'Play'
  if (!playing) drawAll()
  status.say(() => (playing ? 'Playing' : `Paused. ${summary()}`))
}

async function stepBy(ms: number): Promise<void> {
  if (player.playing) setPlaying(false)
  await leapBy(ms)
  drawAll()
  status.say(summary)
}

let loads = 0

/** Starts over at time 0 with limiters of its own. Gives false if it was overtaken by another restart. */
async function restart(): Promise<boolean> {
  const load = ++loads
  const loaded = await Simulation.load(settings)
  if (load !== loads) {
    // The settings changed again meanwhile, and a later load takes the place of this one.
    loaded.close()
    return false
  }
  simulation.close()
  simulation = loaded
  player.rewind()
  setText(readings.effect, '')
  drawAll()
  return true
}

function addressOf(chosen: Settings): string {
  const hash = formatSettings(chosen)
  return hash ? `#${hash}` : location.pathname + location.search
}

/** Takes settings over, into the page and its address. */
function choose(changes: Partial<Settings>): void {
  settings = { ...settings, ...changes }
  history.replaceState(null, '', addressOf(settings))
  showSettings()
}

function showSettings(): void {
  player.speed = settings.speed
  form.show(settings)
  for (const link of tries) {
    if (isSameScenario(settings, link.hash)) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
  const words: Record<string, string> = {
    limit: `${settings.limit} request${settings.limit === 1 ? '' : 's'}`,
    window: span(settings.windowMs),
    user: USER_IDS[settings.shown] ?? '',
  }
  for (const element of document.querySelectorAll<HTMLElement>('[data-show]')) {
    setText(element, words[element.dataset.show ?? ''] ?? '')
  }
  setText(byId('step', HTMLButtonElement), `+${duration(stepMs())}`)
  setText(byId('leap', HTMLButtonElement), `+${duration(settings.windowMs)}`)
}

function stepMs(): number {
  return Math.max(1, Math.round(settings.windowMs / 20))
}

function show(index: number): void {
  choose({ shown: index })
  drawAll()
  status.say(summary)
}

/** The stop of a slider so many stops on, or the last one there is. */
function onward(stops: readonly number[], current: number, by: number): number {
  return stops[Math.min(stops.length - 1, Math.max(0, stops.indexOf(current) + by))] ?? current
}

function faster(by: number): void {
  choose({ speed: onward(SPEEDS, settings.speed, by) })
  status.say(() => `Speed ${settings.speed} times`)
}

function closer(by: number): void {
  choose({ zoom: onward(ZOOMS, settings.zoom, by) })
  draw()
  status.say(() => `Zoom ${settings.zoom} times`)
}

async function startAgain(): Promise<void> {
  await restart()
  status.say(() => 'Restarted')
}

/** Says what a call did, beside its button and to screen readers. */
function tellEffect(text: string): void {
  setText(readings.effect, text)
  drawAll()
  status.say(() => `${text} ${standing(simulation, settings.shown, shownUser())}`)
}

function refund(): void {
  const { id } = shownUser()
  if (!simulation.refund(settings.shown)) {
    tellEffect(`User ${id} was admitted nothing in the last ${span(settings.windowMs)} that could be refunded.`)
    return
  }
  const { fill, tokens: saved } = simulation.standing(settings.shown)
  tellEffect(
    `Refunded the newest request of ${id}: ${fill} of ${settings.limit} places taken, ${tokens(saved)} tokens.`,
  )
}

function blockOrUnblock(): void {
  const { id } = shownUser()
  if (simulation.standing(settings.shown).blockedMs > 0) {
    simulation.unblock(settings.shown)
    tellEffect(`User ${id} is no longer blocked.`)
    return
  }
  const ms = BLOCK_WINDOWS * settings.windowMs
  simulation.block(settings.shown, ms)
  tellEffect(`User ${id} is blocked for ${duration(ms)}: everything is denied.`)
}

const tries = document.querySelectorAll<HTMLAnchorElement>('.tries a')

const form = new Form(() => settings, {
  number(name, value, corrected) {
    choose({ [name]: value })
    if (name === 'handLimit') {
      status.say(() => corrected ?? `Requests by hand are judged by ${Math.min(value, settings.limit)}`)
      return
    }
    void restart()
    status.say(() => corrected ?? 'Restarted with the new setting')
  },
  pattern(index, pattern) {
    choose({ patterns: settings.patterns.with(index, pattern) })
    simulation.follow(index, pattern)
  },
  shown: show,
  speed: (speed) => choose({ speed }),
  zoom(zoom) {
    choose({ zoom })
    draw()
  },
})

const holding = new Holding(
  byId('send', HTMLButtonElement),
  async () => {
    const followed = simulation.hold(settings.shown, settings.handLimit)
    // While the clock stands, one press is one request.
    if (!player.playing) simulation.release()
    await followed
    drawAll()
    if (!player.playing) status.say(summary)
  },
  () => simulation.release(),
)

const toggle = () => setPlaying(!player.playing)
const step = () => void stepBy(stepMs())
const leap = () => void stepBy(settings.windowMs)
playButton.addEventListener('click', toggle)
byId('step', HTMLButtonElement).addEventListener('click', step)
byId('leap', HTMLButtonElement).addEventListener('click', leap)
byId('restart', HTMLButtonElement).addEventListener('click', () => void startAgain())
byId('refund', HTMLButtonElement).addEventListener('click', refund)
blockButton.addEventListener('click', blockOrUnblock)
startSharing(byId('share', HTMLButtonElement), (text) => status.say(() => text))
byId('latest', HTMLDetailsElement).addEventListener('toggle', tell)
startKeyboard(byId('keys', HTMLInputElement), {
  toggle,
  step,
  leap,
  restart: () => void startAgain(),
  faster,
  closer,
  choose: show,
  press: () => holding.press(),
  release: () => holding.release(),
})

/** Takes the settings of an address that was typed or gone back to, or of a link within the page. */
async function follow(hash: string): Promise<void> {
  choose(parseSettings(hash))
  form.explain(correctionsIn(hash))
  if (!(await restart())) return
  if (!player.playing) await leapBy(WINDOWS_AHEAD * settings.windowMs)
  drawAll()
  status.say(() => (player.playing ? 'Restarted' : `Restarted, and paused. ${summary()}`))
}

for (const link of tries) {
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    // An entry of its own, so that the browser's Back leads to what was there before.
    if (!isSameScenario(settings, link.hash)) history.pushState(null, '', addressOf(parseSettings(link.hash)))
    void follow(link.hash)
    // What it is about may lie far below.
    if (link.dataset.see) byId(link.dataset.see, HTMLElement).scrollIntoView()
  })
}
addEventListener('hashchange', () => void follow(location.hash))

startJumps()
showSettings()
form.explain(correctionsIn(location.hash))
startTheme(byId('theme', HTMLButtonElement), drawAll)
setPlaying(!startsPaused(location.hash) && !calm.matches)
