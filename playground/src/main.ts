/** Puts the page together: settings in the address, the simulation, the clock that drives it, and all that shows it. */
import 'uplot/dist/uPlot.min.css'
import './view/style.css'
import { Form } from './input/form.js'
import { Holding } from './input/holding.js'
import { startKeyboard } from './input/keyboard.js'
import { Player } from './input/player.js'
import type { Settings } from './model/settings.js'
import { formatSettings, parseSettings, SPEEDS, startsPaused, ZOOMS } from './model/settings.js'
import { Simulation, USER_IDS } from './model/simulation.js'
import type { User } from './model/user.js'
import { Charts } from './view/charts.js'
import { byId, setText } from './view/dom.js'
import { Latest } from './view/latest.js'
import { Scores } from './view/scores.js'
import { Status } from './view/status.js'
import { startTheme } from './view/theme.js'
import { duration, moment, span, standing, tokens, worst } from './view/words.js'

/** How often the page is drawn where less motion is asked for, and how often the table is. */
const CALM_MS = 500

let settings: Settings = parseSettings(location.hash)
let simulation = await Simulation.load(settings).catch((error: unknown) => {
  byId('failed', HTMLElement).hidden = false
  throw error
})

const calm = matchMedia('(prefers-reduced-motion: reduce)')
const charts = new Charts()
const scores = new Scores(byId('scores', HTMLElement))
const latest = new Latest(byId('latest', HTMLDetailsElement))
const status = new Status(byId('status', HTMLElement))
const readings = {
  now: byId('now', HTMLOutputElement),
  fill: byId('fill', HTMLElement),
  tokens: byId('tokens', HTMLElement),
}
const playButton = byId('play', HTMLButtonElement)

let lastDrawn = 0
let lastTable = 0

const player = new Player(async (ms) => {
  await simulation.advance(ms)
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

function shownUser(): User {
  const user = simulation.users[settings.shown]
  if (!user) throw new Error(`There is no user ${settings.shown}`)
  return user
}

/** What changes from frame to frame. */
function draw(): void {
  charts.draw(simulation, settings, simulation.now + player.rest)
  scores.show(simulation, shownUser())
  const { fill, tokens: saved } = simulation.standing(settings.shown)
  setText(readings.now, moment(simulation.now))
  setText(readings.fill, `${fill} of ${settings.limit}`)
  setText(readings.tokens, tokens(saved))
}

/** What would be too much work, or too much to read, each frame. */
function tell(): void {
  latest.show(shownUser())
  charts.describe(standing(simulation, settings.shown, shownUser()))
}

function drawAll(): void {
  draw()
  tell()
}

function summary(): string {
  return `${standing(simulation, settings.shown, shownUser())} ${worst(simulation, shownUser())}`
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
  await simulation.advance(ms)
  drawAll()
  status.say(summary)
}

let loads = 0

/** Starts over at time 0 with a limiter of its own. */
async function restart(): Promise<void> {
  const load = ++loads
  const loaded = await Simulation.load(settings)
  if (load !== loads) {
    // The settings changed again meanwhile, and a later load takes the place of this one.
    loaded.close()
    return
  }
  simulation.close()
  simulation = loaded
  player.rewind()
  drawAll()
}

/** Takes settings over, into the page and its address. */
function choose(changes: Partial<Settings>): void {
  settings = { ...settings, ...changes }
  const hash = formatSettings(settings)
  history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search)
  showSettings()
}

function showSettings(): void {
  player.speed = settings.speed
  form.show(settings)
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

async function shareLink(): Promise<void> {
  const button = byId('share', HTMLButtonElement)
  try {
    await navigator.clipboard.writeText(location.href)
    button.textContent = 'Copied'
    status.say(() => 'Link copied')
  } catch {
    // Some browsers refuse; the address bar holds the same.
    button.textContent = 'Copy the address'
    status.say(() => 'The link could not be copied. The address of this page is the link.')
  }
  setTimeout(() => {
    button.textContent = 'Copy link'
  }, 2000)
}

const form = new Form(() => settings, {
  number(name, value, corrected) {
    choose({ [name]: value })
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
    const followed = simulation.hold(settings.shown)
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
byId('share', HTMLButtonElement).addEventListener('click', () => void shareLink())
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

/** Takes the settings of an address that was typed, or of a link within the page. */
function follow(hash: string): void {
  choose(parseSettings(hash))
  void startAgain()
}

for (const link of document.querySelectorAll<HTMLAnchorElement>('.tries a')) {
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    follow(link.hash)
  })
}
addEventListener('hashchange', () => follow(location.hash))
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault()
  byId('main', HTMLElement).focus()
})

showSettings()
startTheme(byId('theme', HTMLButtonElement), drawAll)
setPlaying(!startsPaused(location.hash) && !calm.matches)
