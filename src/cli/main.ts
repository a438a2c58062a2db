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

// What reads the output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const program = new Command('spillway')
  .description('Rate limiting with an exact sliding window and burst tokens: try it, and try it on your own traffic.')
  .version(version)
  .showHelpAfterError('(add --help for what is accepted)')

for (const command of [stressCommand(), replayCommand()]) program.addCommand(command.copyInheritedSettings(program))
await program.parseAsync()
