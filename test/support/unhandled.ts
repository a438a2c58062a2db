/** Rejections that nobody handles fail a file of tests at its end. */
import { afterAll, beforeAll, expect } from 'vitest'

export function expectAllHandled(): void {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  beforeAll(() => {
    process.on('unhandledRejection', note)
  })
  afterAll(() => {
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
}
