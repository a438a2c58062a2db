/** Installs tools at pinned versions, each in a folder of its own, where the next run finds them again. */
import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

export const run = promisify(execFile)

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/spillway/', import.meta.url))

/**
 * Installs packages, `name@version` each.
 *
 * @returns {Promise<string>} the folder that has them in its `node_modules`
 */
export async function install(...packages) {
  const name = packages.join('+').replaceAll(/[^\w.@+-]/g, '_')
  const folder = `${CACHE}${name}`
  if (await exists(`${folder}/node_modules`)) return folder
  // Installed beside and then renamed, so that a run that was broken off leaves nothing half done.
  const unfinished = `${folder}.${process.pid}`
  await mkdir(unfinished, { recursive: true })
  await writeFile(`${unfinished}/package.json`, '{ "private": true }')
  await npm(['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], unfinished)
  await rm(folder, { recursive: true, force: true })
  await rename(unfinished, folder)
  return folder
}

/** Installs a package that holds a binary, and gives the path of the binary. */
export async function installBinary(pinned, path) {
  const folder = await install(pinned)
  return `${folder}/node_modules/${pinned.slice(0, pinned.lastIndexOf('@'))}/${path}`
}

/** Imports a package that `install` put into a folder. */
export function importFrom(folder, name) {
  return import(pathToFileURL(createRequire(`${folder}/from.js`).resolve(name)).href)
}

export function npm(args, cwd) {
  return run('npm', args, { cwd, shell: process.platform === 'win32', maxBuffer: 2 ** 26 })
}

export async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** A package with its version: that of the repository, if none is given. */
export async function withVersion(tool) {
  if (tool.lastIndexOf('@') > 0) return tool
  const { devDependencies } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'))
  return `${tool}@${devDependencies[tool]}`
}
