import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    // The package's own `imports` lead to the build; tests run on the sources.
    alias: { '#module': fileURLToPath(new URL('./src/module.ts', import.meta.url)) },
  },
  test: {
    include: ['test/*.test.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/generated/**', 'src/module.workerd.ts'] },
  },
})
