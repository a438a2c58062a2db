/**
 * The code in pages of documentation, as programs that run.
 *
 * A page's code is its blocks marked `ts` (ours) and `js` (other libraries', in pages about moving from them). All blocks
 * of one language under one heading are one program, which stands alone. In it
 *
 *     expression // value              says what the expression gives. An object names some of the properties
 *     expression // value: why         the same
 *     expression // throws RangeError  says which error it throws or rejects with, by name or as an object as above
 *     // 60 s later                    on a line of its own lets time pass: ms, s, min, h or d
 *
 * A comment behind an expression that is a statement is always such a claim, so that none is missed by a slip of the pen.
 * Comments elsewhere are free. Time is faked: `startTime` comes before the import of anything that reads a clock.
 */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, vi } from 'vitest'
import { ROOT } from '../package/packed.js'

type Language = 'ts' | 'js'

/** The blocks of one language under one heading. */
export interface Program {
  readonly page: string
  readonly heading: string
  readonly language: Language
  /** As long as the page, with empty lines for all that is not of this program: its lines are the page's. */
  readonly text: string
}

/** What a program did. */
interface Outcome {
  /** What it declares at its top, by name. */
  readonly names: Record<string, unknown>
  /** How many claims were checked. */
  readonly claims: number
}

const UNITS_MS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** Fakes the time, from a whole millisecond on, so that waits can be told exactly. */
export function startTime(): void {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
}

/** The programs of a page, in order. */
export function programsOf(page: string): Program[] {
  const lines = readFileSync(`${ROOT}${page}`, 'utf8').split('\n')
  const programs: { heading: string; language: Language; lines: string[] }[] = []
  let heading = ''
  let fence: string | undefined
  for (const [index, line] of lines.entries()) {
    const mark = /^```(\w*)$/.exec(line)?.[1]
    if (mark !== undefined) {
      fence = fence === undefined ? mark : undefined
    } else if (fence === undefined) {
      heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading
    } else if (fence === 'ts' || fence === 'js') {
      const language = fence
      let program = programs.find((other) => other.heading === heading && other.language === language)
      if (program === undefined) {
        program = { heading, language, lines: lines.map(() => '') }
        programs.push(program)
      }
      program.lines[index] = line
    }
  }
  return programs.map(({ heading, language, lines }) => ({ page, heading, language, text: lines.join('\n') }))
}

/** The one program of ours under a heading. */
export function programUnder(page: string, heading: string): Program {
  const program = programsOf(page).find((other) => other.heading === heading && other.language === 'ts')
  if (program === undefined) throw new Error(`${page} has no code under the heading '${heading}'`)
  return program
}

/** The modules that a program imports. */
export function importsOf(program: Program): string[] {
  return parse(program)
    .statements.filter(ts.isImportDeclaration)
    .map(({ moduleSpecifier }) => (moduleSpecifier as ts.StringLiteral).text)
}

/** The modules of the package that pages import, from the sources. */
export const SOURCES: { readonly [name: string]: string } = {
  spillway: 'src/index.ts',
  'spillway/http': 'src/http/index.ts',
  'spillway/queue': 'src/queue/index.ts',
  'spillway/fleet': 'src/fleet/index.ts',
  'spillway/cluster': 'src/fleet/cluster/index.ts',
}

/** Runs a program, and checks all that it claims. `spillway` is the sources. */
export async function run(program: Program): Promise<Outcome> {
  let claims = 0
  const names = await compile(program)({
    load: (name) => import(name in SOURCES ? `${ROOT}${SOURCES[name]}` : name),
    later: (ms) => vi.advanceTimersByTimeAsync(ms),
    async claim(line, act, value, throws) {
      claims++
      const where = `${program.page}:${line}`
      const [result, how] = await act().then(
        (given) => [given, 'gives'] as const,
        (error) => [error, 'throws'] as const,
      )
      if (how !== (throws ? 'throws' : 'gives')) {
        expect.fail(`${where} ${how} ${result instanceof Error ? String(result) : JSON.stringify(result)}`)
      }
      const wanted = value()
      if (typeof wanted === 'function') expect(result, where).toBeInstanceOf(wanted)
      else if (typeof wanted === 'object' && wanted !== null) expect(result, where).toMatchObject(wanted)
      else expect(result, where).toBe(wanted)
    },
  })
  return { names, claims }
}

/** What the code of a program calls. */
interface Hooks {
  load(name: string): Promise<object>
  later(ms: number): Promise<unknown>
  claim(line: number, act: () => Promise<unknown>, value: () => unknown, throws: boolean): Promise<void>
}

function parse({ page, text }: Program): ts.SourceFile {
  return ts.createSourceFile(`${page}.ts`, text, ts.ScriptTarget.ES2022, true)
}

/** Makes a program a function: imports, claims and times become calls, and what it declares is what it gives. */
export function compile(program: Program): (hooks: Hooks) => Promise<Record<string, unknown>> {
  const source = parse(program)
  const { text } = source
  const names: string[] = []
  const edits: { start: number; end: number; text: string }[] = []
  for (const match of text.matchAll(/^( *)\/\/ ([\d_.]+) (ms|s|min|h|d) later\b.*$/gm)) {
    const ms = Number(match[2].replaceAll('_', '')) * UNITS_MS[match[3] as keyof typeof UNITS_MS]
    edits.push({ start: match.index, end: match.index + match[0].length, text: `await hooks.later(${ms});` })
  }
  const visit = (node: ts.Node) => {
    if (ts.isFunctionLike(node)) return
    if (ts.isExpressionStatement(node)) edits.push(...claimOf(node, source, program))
    else ts.forEachChild(node, visit)
  }
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) {
      edits.push({ start: statement.getStart(), end: statement.end, text: loadInstead(statement, names) })
    } else if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) names.push(...namesIn(name))
    } else if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name) {
      names.push(statement.name.text)
    }
    visit(statement)
  }
  let body = text
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start)) {
    body = body.slice(0, start) + text + body.slice(end)
  }
  const wrapped = `async function program(hooks) {${body}\nreturn { ${names.join(', ')} } }`
  const { outputText, diagnostics } = ts.transpileModule(wrapped, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    reportDiagnostics: true,
  })
  for (const { messageText } of diagnostics ?? []) {
    throw new SyntaxError(`${program.page}, '${program.heading}': ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)
  }
  return new Function(`${outputText}\nreturn program`)()
}

/** A claim behind a statement, as a call in its place. */
function claimOf(statement: ts.ExpressionStatement, source: ts.SourceFile, { page }: Program) {
  const [comment] = ts.getTrailingCommentRanges(source.text, statement.end) ?? []
  if (comment === undefined) return []
  const said = source.text.slice(comment.pos + 2, comment.end).trim()
  const line = source.getLineAndCharacterOfPosition(statement.getStart()).line + 1
  const literal = String.raw`true|false|undefined|null|-?[\d_.]+|Infinity|'[^']*'|\{.*\}|\[.*\]`
  const match = new RegExp(`^(?:(throws) (\\w*Error|${literal})|(${literal}))(?:: .*)?$`).exec(said)
  if (match === null) throw new SyntaxError(`${page}:${line} claims nothing that can be checked: ${said}`)
  const [, throws, thrown, value] = match
  const act = `async () => (${statement.expression.getText()})`
  const text = `await hooks.claim(${line}, ${act}, () => (${thrown ?? value}), ${throws !== undefined});`
  return [{ start: statement.getStart(), end: comment.end, text }]
}

/** What an import brings, loaded as the program runs. */
function loadInstead({ importClause, moduleSpecifier }: ts.ImportDeclaration, names: string[]): string {
  const bindings = importClause?.namedBindings
  if (bindings === undefined || !ts.isNamedImports(bindings)) throw new SyntaxError('only { names } can be imported')
  const values = bindings.elements.filter(({ isTypeOnly }) => !isTypeOnly)
  names.push(...values.map(({ name }) => name.text))
  const pattern = values.map(({ propertyName, name }) =>
    propertyName ? `${propertyName.text}: ${name.text}` : name.text,
  )
  return `const { ${pattern.join(', ')} } = await hooks.load(${moduleSpecifier.getText()});`
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text]
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []))
}
