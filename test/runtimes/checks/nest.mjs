/** A Nest app, compiled to CommonJS as Nest's own template is. */
import { statuses, withServer } from '../driver/app-server.mjs'
import { run } from '../driver/tools.mjs'
import { NEST, NODE_TYPES } from '../driver/versions.mjs'

export const app = { tools: [...NEST, NODE_TYPES], type: 'commonjs' }

export const checks = {
  'the app is compiled': (folder) =>
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { cwd: folder }),
  'a guard with createLimiter, a provider with loadLimiter': (folder) =>
    withServer(folder, ['dist/main.js'], async (url) => {
      for (const path of ['guarded', 'provided']) {
        const seen = await statuses(`${url}/${path}`, 5)
        if (seen !== '200 200 200 429 429') throw new Error(`/${path} answered ${seen}`)
      }
    }),
}
