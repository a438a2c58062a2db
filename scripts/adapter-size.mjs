// What each adapter adds to a page or a worker that has `spillway` already: the bundle of both, minified and compressed, less
// that of `spillway` alone. The text of the core is left out of both: what it does to the compression of the rest is chance.
// `npm run size` weighs the adapters by themselves, too, with all that they bring along.
//
// The goal is 2,500 bytes for each. These limits keep what is reached.
import { brotliCompressSync } from 'node:zlib'
import { build } from 'esbuild'

const GOAL = 2500
const LIMITS = { express: 2600, fastify: 2840, hono: 2720, koa: 2600 }
const SPILLWAY = `export { loadLimiter, checkTogether } from './dist/index.js'`

const withoutCore = {
  name: 'without-core',
  setup({ onLoad }) {
    onLoad({ filter: /core-text\.js$/ }, () => ({ contents: `export const CORE_TEXT = ''` }))
  },
}

const alone = await weigh(SPILLWAY)
for (const [adapter, limit] of Object.entries(LIMITS)) {
  const bytes = (await weigh(`${SPILLWAY}\nexport * from './dist/http/adapters/${adapter}.js'`)) - alone
  console.log(`spillway/${adapter}: ${bytes} bytes beside spillway (goal ${GOAL}, limit ${limit})`)
  if (bytes > limit) process.exitCode = 1
}
if (process.exitCode) console.error('An adapter is above its limit.')

/** The bytes of a module, bundled with all that it imports. */
async function weigh(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: '.' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'warning',
    plugins: [withoutCore],
  })
  return brotliCompressSync(outputFiles[0].contents).length
}
