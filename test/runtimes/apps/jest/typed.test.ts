import { expect, test } from '@jest/globals'
import type { Decision } from 'spillway'
import { createLimiter, loadLimiter } from 'spillway'

test('a limiter decides', async () => {
  for (const limiter of [createLimiter({ limit: 1 }), await loadLimiter({ limit: 1 })]) {
    const decisions: Decision[] = [limiter.check('a'), limiter.check('a')]
    expect(decisions.map(({ reason }) => reason)).toEqual([undefined, 'limit'])
  }
})
