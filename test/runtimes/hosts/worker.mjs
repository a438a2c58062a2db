/** The web worker that runs the suite for a page. */
import { report } from './browser.mjs'

postMessage(await report)
