/** Vercel's edge runtime as an npm package: another realm, which compiles no bytes. */
import { run } from '../driver/tools.mjs'
import { EDGE_VM } from '../driver/versions.mjs'

export const app = { tools: [EDGE_VM] }

export const checks = {
  '@edge-runtime/vm with a module of another realm': (folder) =>
    run(process.execPath, ['main.mjs'], { cwd: folder, timeout: 30_000 }),
}
