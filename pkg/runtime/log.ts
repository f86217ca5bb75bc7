import { pino, type Logger as PinoLogger } from 'pino';
import { redactUrl } from '#pkg/runtime/redact.ts';

/** A pino logger. One root a process, a `child({ component })` for each part. */
export type Logger = PinoLogger;

/** Levels that LOG_LEVEL accepts, loudest last. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a logger writes. */
export interface LoggerOptions {
  level: LogLevel;
  /** True: short lines for people. False (the default): one JSON object a line. */
  pretty?: boolean;
  /** Colours in pretty lines; off by default. */
  color?: boolean;
  /** Where whole lines go, newline included; stderr by default. A live terminal line passes its own `writeAbove`. */
  write?: (line: string) => void;
}

const SECRET_FIELDS = ['password', 'secret', 'token', 'apiKey', 'authorization', 'cookie'];

/**
 * A logger to stderr. Every finished line passes `redactUrl`, so a URL with a password is hidden wherever it stands: in the
 * message, in a field, in the stack of a nested cause. Fields with a secret's name are hidden at the first two levels.
 */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const format = options.pretty === true ? prettyLine(options.color === true) : (line: string) => line;
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '***' },
      hooks: { streamWrite: redactUrl },
    },
    { write: (line: string) => write(format(line)) },
  );
}

const COLORS: Record<string, string> = { trace: '90', debug: '90', info: '36', warn: '33', error: '31', fatal: '31;1' };

/** `09:15:02.123 WARN  indexer: message key=value`, then an error's stack, indented. */
function prettyLine(color: boolean): (line: string) => string {
  const paint = (code: string, text: string) => (color ? `\u001B[${code}m${text}\u001B[0m` : text);
  return (line) => {
    const { time, level, msg, component, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const label = paint(COLORS[String(level)] ?? '0', String(level).toUpperCase().padEnd(5));
    const from = typeof component === 'string' ? `${component}: ` : '';
    const rest = Object.entries(fields).map(([key, value]) => ` ${paint('90', `${key}=`)}${shownValue(value)}`);
    const clock = paint('90', String(time).slice(11, 23));
    return `${clock} ${label} ${from}${shownText(msg)}${rest.join('')}${shownError(err)}\n`;
  };
}

function shownValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return shownText(value);
  return JSON.stringify(value) ?? 'undefined';
}

/** Text from the network may hold escape sequences that would move the cursor or recolour the terminal. */
function shownText(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // oxlint-disable-next-line no-control-regex -- control characters are what must go
  return text.replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '?');
}

function shownError(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  return `\n    ${shownText(stack ?? message).replaceAll('\n', '\n    ')}`;
}
