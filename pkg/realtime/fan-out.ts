import type { Frame } from './frames.ts';
import { formatPosition, parsePosition } from './position.ts';

/** The Redis channel over which instances tell each other what they took from the stream. */
export const FAN_OUT_CHANNEL = 'realtime:events';

/** A frame on its way between instances. */
export interface FanOut {
  /** The instance that took it from the stream, which has delivered it already. */
  readonly origin: string;
  readonly incarnation: string;
  readonly frame: Frame;
}

/** `<origin> <position> <user id>` on a line, then the frame's text: receivers need not parse the data. */
export const encodeFanOut = ({ origin, incarnation, frame }: FanOut): string =>
  `${origin} ${formatPosition({ incarnation, sequence: frame.sequence })} ${frame.userId}\n${frame.text}`;

/** Reads one back; undefined for anything else that somebody wrote to the channel. */
export function decodeFanOut(message: string): FanOut | undefined {
  const end = message.indexOf('\n');
  const [origin, id, userId, ...more] = message.slice(0, Math.max(0, end)).split(' ');
  const position = id === undefined ? undefined : parsePosition(id);
  if (position === undefined || origin === undefined || userId === undefined || userId === '' || more.length > 0) {
    return undefined;
  }
  const text = message.slice(end + 1);
  if (!text.startsWith(`id: ${id}\n`) || !text.endsWith('\n\n')) return undefined;
  const { incarnation, sequence } = position;
  return { origin, incarnation, frame: { sequence, userId, text } };
}
