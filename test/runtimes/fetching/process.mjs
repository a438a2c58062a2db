/** A client as a program of Node or Deno: prints what it saw. */
import { callMany } from './client.mjs'

const [url, calls] = globalThis.Deno?.args ?? process.argv.slice(2)
console.log(JSON.stringify(await callMany(url, Number(calls))))
