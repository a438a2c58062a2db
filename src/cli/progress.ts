/**
 * A progress bar on a terminal, gone when the work is done; nothing where there is no terminal.
 */
import { SingleBar } from 'cli-progress'

export interface Progress {
  /** Shows how much is done, and a few words of detail. Redraws at most ten times a second. */
  update(done: number, detail?: string): void
  /** Removes the bar. */
  stop(): void
}

/**
 * Starts a bar.
 *
 * @param total what `done` comes to in the end; `undefined` if nobody knows, for a line of detail without a bar
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
    // Not to be switched off: Ctrl-C would leave the terminal so. Long lines are cut at the terminal's width.
    linewrap: true,
    // Its handler of signals would keep Ctrl-C waiting until a long loop ends; there is nothing to restore.
    gracefulExit: false,
  })
  bar.start(Math.max(1, total ?? 1), 0, { label, detail: '' })
  return {
    update: (done, detail = '') => bar.update(total === undefined ? 0 : Math.min(done, total), { detail }),
    stop: () => bar.stop(),
  }
}
