import { createLimiter } from 'spillway'

test('the package is there', () => {
  expect(typeof createLimiter).toBe('function')
})
