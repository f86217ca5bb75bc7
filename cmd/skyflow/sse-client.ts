import { z } from 'zod';

/** One frame of a stream of server-sent events. */
export interface SseFrame {
  readonly id: string | undefined;
  readonly event: string;
  /** As it was sent: JSON, for all of ours. */
  readonly data: string;
}

/** Longer than any frame of ours; a server that sends more without an end is not one. */
const maxPendingChars = 1024 * 1024;

const fieldOf = (block: string, name: string): string | undefined => {
  const lines = block.split('\n').filter((line) => line.startsWith(`${name}:`));
  if (lines.length === 0) return undefined;
  return lines.map((line) => line.slice(name.length + 1).replace(/^ /, '')).join('\n');
};

/** Reads frames until the stream ends or `signal` aborts. Comments and lone `retry:` lines are passed over. */
export async function* readSse(url: string | URL, signal: AbortSignal): AsyncGenerator<SseFrame> {
  const response = await fetch(url, { headers: { accept: 'text/event-stream' }, signal });
  if (!response.ok || response.body === null) throw new Error(`the stream of events answered ${response.status}`);
  let pending = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    pending += chunk.replaceAll('\r', '');
    if (pending.length > maxPendingChars) throw new Error('the stream of events sent a frame without an end');
    for (let end = pending.indexOf('\n\n'); end >= 0; end = pending.indexOf('\n\n')) {
      const block = pending.slice(0, end);
      pending = pending.slice(end + 2);
      const data = fieldOf(block, 'data');
      if (data === undefined) continue;
      yield { id: fieldOf(block, 'id'), event: fieldOf(block, 'event') ?? 'message', data };
    }
  }
}

/** What a frame about an analysis says, as far as a client needs it. */
export const analysisFrame = z.object({ analysis_id: z.string(), type: z.string(), correlation_id: z.string() });
