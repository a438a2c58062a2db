// Puts the release build of the core beside the compiled sources, for `spillway/core.wasm` and for workerd.
import { copyFile } from 'node:fs/promises'

await copyFile('build/core.wasm', 'dist/core.wasm')
