/** What `import ... from 'spillway/cluster'` gives. */
export type { FleetStore } from '../store.js'
export type { FleetChild, FleetServer, ServeFleetOptions } from './primary.js'
export { serveFleet } from './primary.js'
export { clusterStore } from './worker.js'
