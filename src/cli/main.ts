/**
 * The command line: `spillway stress`, `spillway replay` and `spillway bench`. `scripts/bundle-cli.mjs` makes one file of it.
 */
import { Command } from 'commander'
import { benchCommand } from './bench/command.js'
import { replayCommand } from './replay/command.js'
import { stressCommand } from './stress/command.js'

/** The version of the package: the bundler puts it here. */
declare const SPILLWAY_VERSION: string

// What reads the output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const program = new Command('spillway')
  .description('Rate limiting with an exact sliding window and burst tokens: try it, and try it on your own traffic.')
  .version(SPILLWAY_VERSION)
  // Terminals of 60 columns, too: by default what has less than 40 beside the names is not wrapped.
  .configureHelp({ minWidthToWrap: 24 })

for (const command of [stressCommand(), replayCommand(), benchCommand()])
  program.addCommand(command.copyInheritedSettings(program))
await program.parseAsync()
