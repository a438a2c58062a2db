const { createLimiter } = require('spillway')

test('the package is there', () => {
  expect(typeof createLimiter).toBe('function')
})
