/** The heap without what nobody refers to. The process needs `--expose-gc`. */
export function collect(): void {
  if (!globalThis.gc) throw new Error('Memory is measured under --expose-gc')
  globalThis.gc()
}

/** Bytes on the JavaScript heap, after a collection. */
export function heapUsed(): number {
  collect()
  return process.memoryUsage().heapUsed
}
