/** All styles of headers: the compiler asks for a new one. */
import type { HeaderStyle } from '../../../src/http/index.js'

export const HEADER_STYLES = Object.keys({
  'draft-11': true,
  'draft-7': true,
  'draft-6': true,
  legacy: true,
} satisfies Record<HeaderStyle, true>) as HeaderStyle[]
