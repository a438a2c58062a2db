/**
 * A progress bar on a terminal, gone when the work is done; nothing where there is no terminal.
 */
import { SingleBar } from 'cli-progress'

interface Progress {
  /** Shows how much is done, and a few words of detail. Redraws at most ten times a second. */
  update(done: number, detail?: string): void
  /** Removes the bar. */
  stop(): void
}

/**
 * Starts a bar.
 *
 * @param total the value of `done` at the end; without it there is a line of detail and no bar
 */
export function startProgress(
  label: string,
  total: number | undefined,
  stream: NodeJS.WritableStream & { isTTY?: boolean } = process.stderr,
): Progress {
  if (!stream.isTTY) return { update() {}, stop() {} }
  const bar = new SingleBar({
    stream,
    format: total === undefined ? '{label}  {detail}' : '{label} [{bar}] {percentage}%  {detail}',
    barsize: 30,
    clearOnComplete: true,
    // A process that is killed leaves the terminal as the bar set it, so the bar sets nothing: lines wrap, the cursor shows.
    linewrap: true,
    hideCursor: false,
    // Ctrl-C is the command's business: it stops the bar and reports.
    gracefulExit: false,
  })
  bar.start(Math.max(1, total ?? 1), 0, { label, detail: '' })
  return {
    update: (done, detail = '') => bar.update(total === undefined ? 0 : Math.min(done, total), { detail }),
    stop: () => bar.stop(),
  }
}
