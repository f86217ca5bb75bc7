import { createLogger, type Logger, type LogLevel } from '#pkg/runtime/log.ts';
import { LiveLine, wantsColor } from '#pkg/runtime/terminal.ts';

/** Where a command shows what it does: on a terminal lines for people above one live line, otherwise JSON lines. */
export interface Screen extends Disposable {
  readonly log: Logger;
  readonly live: LiveLine;
  /** Whether stderr may be painted. */
  readonly color: boolean;
}

export const openScreen = (options: { readonly logLevel: LogLevel; readonly noColor: boolean }): Screen => {
  const live = new LiveLine(process.stderr);
  const color = wantsColor(process.stderr, { noColor: options.noColor, term: process.env['TERM'] });
  const log = createLogger({
    level: options.logLevel,
    pretty: live.enabled,
    color,
    write: (line) => live.writeAbove(line),
  });
  return { log, live, color, [Symbol.dispose]: () => live.finish() };
};
