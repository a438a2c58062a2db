// One project for each way that tests are run.
const project = (displayName, file, settings = {}) => ({
  displayName,
  testMatch: [`<rootDir>/${file}`],
  transform: {},
  ...settings,
})

module.exports = {
  projects: [
    project('commonjs', 'commonjs.test.js'),
    project('ts-jest', 'typed.test.ts', { transform: { '\\.ts$': ['ts-jest', {}] } }),
    project('jsdom', 'jsdom.test.js', { testEnvironment: 'jsdom' }),
    project('esm', 'esm.test.mjs'),
    project('import-commonjs', 'import.test.js'),
    project('import-esm', 'import.test.mjs'),
  ],
}
