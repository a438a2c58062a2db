import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['playground/test/*.test.ts', 'test/runtimes/playground.browser.test.ts'],
    hookTimeout: 120_000,
    testTimeout: 60_000,
  },
})
