/** What the machine is said to have done, and which slow decisions that explains. */
import { expect, test } from 'vitest'
import { Machine } from '../../../src/cli/stress/machine.js'

/** A machine whose waits for a processor are told by a test. */
function machineWith(waits: { ms: number | null }) {
  return new Machine(2, () => waits.ms)
}

test('a decision is slow above 2 ms, and explained by a wait for a processor in it', async () => {
  const waits: { ms: number | null } = { ms: 100 }
  const machine = machineWith(waits)
  machine.before(10)
  machine.after(10, 12)
  machine.before(20)
  waits.ms = 103
  machine.after(20, 25)
  machine.before(30)
  waits.ms = 103.1
  machine.after(30, 40)
  const { slow, unexplained, machine: report } = await machine.stop()
  expect({ slow, unexplained, waitedMs: report.waitedMs }).toEqual({
    slow: 2,
    unexplained: 1,
    waitedMs: expect.closeTo(3.1, 6),
  })
})

test('a wait before a decision does not explain it', async () => {
  const waits: { ms: number | null } = { ms: 0 }
  const machine = machineWith(waits)
  machine.before(10)
  waits.ms = 50
  machine.before(60)
  machine.after(60, 65)
  expect(await machine.stop()).toMatchObject({ slow: 1, unexplained: 1, machine: { waitedMs: 50 } })
})

test('garbage collections are counted, and explain the decisions that they overlap', async () => {
  const machine = machineWith({ ms: null })
  machine.after(10, 15)
  machine.after(20, 25)
  machine.collected([{ startTime: 5, duration: 9 }])
  machine.after(30, 35)
  machine.collected([{ startTime: 24.9, duration: 2 }])
  machine.collected([
    { startTime: 31, duration: 1.5 },
    { startTime: 33, duration: 2 },
  ])
  const { slow, unexplained, machine: report } = await machine.stop()
  expect({ slow, unexplained, waitedMs: report.waitedMs }).toEqual({ slow: 3, unexplained: 1, waitedMs: null })
  // The process may collect garbage of its own meanwhile.
  expect(report.collections.count).toBeGreaterThanOrEqual(4)
  expect(report.collections.totalMs).toBeGreaterThanOrEqual(14.5)
  expect(report.collections.longestMs).toBeGreaterThanOrEqual(9)
})

test('what the platform tells is read', async () => {
  const { machine } = await new Machine(2).stop()
  if (process.platform === 'linux') expect(machine.waitedMs).toBeGreaterThanOrEqual(0)
  else expect(machine.waitedMs).toBeNull()
})
