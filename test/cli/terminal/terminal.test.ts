/** What both commands write to a terminal, and take from its command line. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { printable } from '../../../src/cli/terminal/format.js'
import { startProgress } from '../../../src/cli/terminal/progress.js'

describe('what a terminal sees', () => {
  it('holds nothing that a log put there to control it', () => {
    expect(printable('a\u001b[2Jb\r\n\u202ec', 80)).toBe('a\\x1b[2Jb\\x0d\\x0a\\u{202e}c')
    expect(printable('naïve 日本', 80)).toBe('naïve 日本')
    expect(printable('123456', 5)).toBe('1234…')
  })

  it('has progress only on a terminal', () => {
    const shown = (isTTY: boolean, total: number | undefined) => {
      let text = ''
      const stream = Object.assign(new (class extends Readable {})(), {
        isTTY,
        columns: 80,
        write: (piece: string) => {
          text += piece
          return true
        },
      })
      const progress = startProgress('Reading', total, stream as unknown as NodeJS.WriteStream)
      progress.update(50, 'half')
      progress.stop()
      return text
    }
    expect(shown(false, 100)).toBe('')
    expect(shown(true, 100)).toContain('Reading [')
    expect(shown(true, undefined)).toContain('Reading  ')
    expect(shown(true, undefined)).not.toContain('[=')
  })
})
