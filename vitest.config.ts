import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    // The package's own `imports` lead to the build; tests run on the sources.
    alias: { '#core-module': fileURLToPath(new URL('./src/limiter/core-module.ts', import.meta.url)) },
  },
  test: {
    setupFiles: ['test/support/debug-core.ts'],
    include: ['test/**/*.test.ts'],
    // Needs a browser: `npm run test:playground`.
    exclude: ['test/runtimes/**'],
    // All cores, where the default leaves one idle: of two, that is half.
    maxWorkers: '100%',
    // No test depends on the machine's speed, so one that takes long on a busy machine has not failed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: { include: ['src/**/*.ts'], exclude: ['src/generated/**', 'src/limiter/core-module.*.ts'] },
  },
})
