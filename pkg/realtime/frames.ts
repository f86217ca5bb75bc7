import { formatPosition, type Position } from './position.ts';

/** Names of the frames that the gateway itself writes; no event may take one of them. */
export const CONTROL_FRAMES = [
  'connected',
  'heartbeat',
  'resync',
  'dropped',
  'session_ended',
  'shutdown',
  // What a browser's EventSource calls a frame without a name, and its own events.
  'message',
  'open',
  'error',
] as const;
export type ControlFrame = (typeof CONTROL_FRAMES)[number];

/** Why a client may have missed something: its id is unknown, too old to be replayed, or of before a restart of NATS. */
export type ResyncReason = 'unknown_id' | 'expired' | 'restarted';

const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const RESERVED: ReadonlySet<string> = new Set(CONTROL_FRAMES);

/** A frame by the gateway. `id` moves the client's Last-Event-ID, so it must name what this client really has. */
export function controlFrame(name: ControlFrame, data: Readonly<Record<string, unknown>>, id?: Position): string {
  const idLine = id === undefined ? '' : `id: ${formatPosition(id)}\n`;
  return `${idLine}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Sets the pause before a client connects again. */
export const retryLine = (retryMs: number): string => `retry: ${Math.round(retryMs)}\n`;

/** What the bus says is to be told to one user. */
export interface RealtimeFields {
  readonly userId: string;
  /** The name of the frame. */
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly eventId: string;
  readonly correlationId: string;
}

/** One event as it is kept and written: complete text, made once for all connections. */
export interface Frame {
  readonly sequence: number;
  readonly userId: string;
  readonly text: string;
}

/**
 * The frame of an event, or undefined for one that cannot be a frame: no user, or a name that is none.
 * JSON on one line cannot break a frame: line feeds and carriage returns are escaped in it, and nothing else ends a line.
 */
export function eventFrame(position: Position, event: RealtimeFields, maxDataLength: number): Frame | undefined {
  const { userId, name, eventId, correlationId } = event;
  if (userId === '' || /\s/.test(userId) || !NAME.test(name) || RESERVED.has(name)) return undefined;
  const ids = { event_id: eventId, correlation_id: correlationId };
  let json = JSON.stringify({ ...event.data, ...ids });
  if (json.length > maxDataLength) json = JSON.stringify({ too_large: true, ...ids });
  const text = `id: ${formatPosition(position)}\nevent: ${name}\ndata: ${json}\n\n`;
  return { sequence: position.sequence, userId, text };
}
