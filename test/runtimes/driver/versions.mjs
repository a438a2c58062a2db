/** The versions of what is run and of what drives it. None is a dependency of the repository: most are large. */
const platform = process.platform === 'win32' ? 'win' : process.platform
const glibc = process.platform === 'linux' ? '-glibc' : ''

/** Node by major version: packages that hold nothing but the binary. The major of the Node that runs this is not used. */
export const NODE_PACKAGES = {
  20: `node-${platform}-${process.arch}@20.20.2`,
  22: `node-${platform}-${process.arch}@22.23.3`,
  24: `node-${platform}-${process.arch}@24.21.0`,
  26: `node-${platform}-${process.arch}@26.10.0`,
}

/** The oldest Node that `engines` of package.json allows. */
export const OLDEST_NODE = `node-${platform}-${process.arch}@20.0.0`

/** Deno and Bun likewise. */
export const DENO_PACKAGE = `@deno/${process.platform}-${process.arch}${glibc}@2.9.6`
export const BUN_PACKAGE = `@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : 'x64'}@1.4.5`

/** Wants Node 22, so Node 24 runs it. */
export const MINIFLARE = 'miniflare@4.20260730.0'

/** The latest that run on Node 20. Chromium's driver, playwright-core, is a dependency of the repository. */
export const PUPPETEER = 'puppeteer-core@24.43.1'
export const SELENIUM = 'selenium-webdriver@4.46.0'

/** The date whose behaviour workerd is asked for. */
export const COMPATIBILITY_DATE = '2026-01-01'

/** What apps are made with: see `apps.mjs`. The latest that run on Node 20. */
export const EDGE_VM = '@edge-runtime/vm@5.0.0'
export const JEST = ['jest@30.5.2', 'jest-environment-jsdom@30.5.2', 'ts-jest@29.4.15', 'typescript@6.0.3']
export const NEST = [
  ...['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@11.2.10`),
  'reflect-metadata@0.2.2',
  'rxjs@7.8.2',
  'typescript@5.9.3',
]
export const NEXT_15 = ['next@15.5.29', 'react@19.3.1', 'react-dom@19.3.1']
export const NEXT_16 = ['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1']

/** The oldest TypeScript whose users find types, and the latest of each major version since. */
export const TYPESCRIPTS = ['5.2.2', '5.9.3', '6.0.3', '7.0.2']
export const NODE_TYPES = '@types/node@20.19.43'
