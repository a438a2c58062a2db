/** The package as users get it: packed, and installed in a folder that knows nothing of the repository. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exists, npm } from './tools.mjs'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const RUNTIMES = fileURLToPath(new URL('../', import.meta.url))

/**
 * Installs the package into a new folder, which is there while `use` runs, and gives what it gave.
 *
 * @template Result
 * @param {string | undefined} tarball one that is packed already; else it is built and packed here
 * @param {object} made
 * @param {string[]} [made.tools] other packages that the app has, `name@version` each
 * @param {'module' | 'commonjs'} [made.type] what a file named .js is
 * @param {(app: string) => Promise<Result>} use
 * @returns {Promise<Result>}
 */
export function withApp(tarball, { tools = [], type = 'module' }, use) {
  return inNewFolder(async (app) => {
    const packed = tarball ? resolve(tarball) : await pack(app)
    await writeFile(`${app}/package.json`, JSON.stringify({ private: true, type }))
    await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', packed, ...tools], app)
    return use(app)
  })
}

/**
 * Gives `use` a tarball for several apps: that which is packed already, or one that is built and packed here.
 *
 * @template Result
 * @param {string | undefined} tarball
 * @param {(tarball: string) => Promise<Result>} use
 * @returns {Promise<Result>}
 */
export function withTarball(tarball, use) {
  return tarball ? use(tarball) : inNewFolder(async (folder) => use(await pack(folder)))
}

/** Copies the suite and its hosts beside the installed package, whose name they then can import. */
export async function addSuite(app) {
  for (const part of ['conformance.mjs', 'trace.json', 'suite', 'hosts']) {
    await cp(`${RUNTIMES}${part}`, `${app}/${part}`, { recursive: true })
  }
}

/** Copies a folder of the repository into the app. */
export async function addFolder(app, from, to) {
  await mkdir(`${app}/${to}`, { recursive: true })
  await cp(`${ROOT}${from}`, `${app}/${to}`, { recursive: true })
}

async function inNewFolder(use) {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-app-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Builds and packs the package into a folder; gives the path of the tarball. */
async function pack(destination) {
  const { stdout } = await npm(['pack', '--json', '--loglevel=error', '--pack-destination', destination], ROOT)
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  await checkContents(files.map(({ path }) => path))
  return join(destination, filename)
}

/** What is packed but not compiled from a source: what npm always packs, bundles, and pages with what they link to. */
const OTHER_FILES = [
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^dist\/(core\.wasm|spillway\.min\.js|(((http|queue|fleet|fleet\/cluster)\/)?index|http\/adapters\/\w+|stores\/[\w-]+)\.[mc]js)$/,
  /^(docs|examples|bench\/plots)\//,
]

/** Only what users need is packed: the compiled sources, and nothing of sources that are gone. */
async function checkContents(files) {
  for (const file of files) {
    const source = file.replace(/^dist\//, 'src/').replace(/(\.d\.c?ts|\.js)$/, '.ts')
    if (OTHER_FILES.some((pattern) => pattern.test(file))) continue
    if (source !== file && (await exists(`${ROOT}${source}`))) continue
    throw new Error(`${file} is packed and has no source: remove dist/ and build again, or see "files" in package.json`)
  }
}
