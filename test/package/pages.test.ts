/** The pages in the package, the README that npm shows among them: their links lead somewhere from there, too. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './packed.js'

/** The files of the package, and the folders that they are in. */
function packedPaths(): Set<string> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error']
  const output = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' })
  const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }]
  const paths = new Set<string>()
  for (const { path } of files) {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) paths.add(path.slice(0, end))
  }
  return paths
}

/** Where a Markdown text links to and takes pictures from. */
function linksOf(text: string): string[] {
  const code = /^```[\s\S]*?^```/gm
  const inline = /\]\(\s*<?([^)\s>]+)/g
  const reference = /^\[[^\]]+\]:\s*(\S+)/gm
  const html = /\b(?:href|src)="([^"]+)"/g
  const prose = text.replaceAll(code, '')
  return [inline, reference, html].flatMap((pattern) => Array.from(prose.matchAll(pattern), ([, target]) => target))
}

/** The anchors that headings of a Markdown text have. */
function anchorsOf(text: string): Set<string> {
  const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading]) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

const packed = packedPaths()
const pages = [...packed].filter((path) => path.endsWith('.md'))

test('the README is one of the pages, and has links', () => {
  expect(pages).toContain('README.md')
  expect(linksOf(readFileSync(`${ROOT}README.md`, 'utf8'))).not.toEqual([])
})

test.each(pages)('links of %s are absolute, or lead to a heading or a file of the package', (page) => {
  const text = readFileSync(`${ROOT}${page}`, 'utf8')
  const anchors = anchorsOf(text)
  const broken = linksOf(text).filter((link) => {
    if (/^(https?|mailto):/.test(link)) return false
    const [path, anchor] = link.split('#')
    if (path === '') return !anchors.has(anchor)
    return !packed.has(posix.join(posix.dirname(page), path).replace(/\/$/, ''))
  })
  expect(broken).toEqual([])
})
