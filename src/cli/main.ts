#!/usr/bin/env node
/**
 * The command line: `spillway stress` and `spillway replay`.
 */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { replayCommand } from './replay.js'
import { stressCommand } from './stress.js'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

await new Command('spillway')
  .description('Rate limiting with an exact sliding window and burst tokens: try it, and try it on your own traffic.')
  .version(version)
  .addCommand(stressCommand())
  .addCommand(replayCommand())
  .showHelpAfterError('(add --help for what is accepted)')
  .parseAsync()
