/**
 * Checks what JSR would publish, by Deno's dry run: it needs no account and no network.
 *
 *     node test/runtimes/jsr.mjs
 */
import { fileURLToPath } from 'node:url'
import { denoBinary } from './driver/processes.mjs'
import { run } from './driver/tools.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

// Sources import each other as `./name.js`, as TypeScript's own resolution wants; publishing writes `./name.ts` instead.
const args = ['publish', '--dry-run', '--allow-dirty', '--no-lock', '--unstable-sloppy-imports', '--config', 'jsr.json']
const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }
const { stderr } = await run(await denoBinary(), args, { cwd: ROOT, env, timeout: 120_000 })
console.log(stderr.trim())
