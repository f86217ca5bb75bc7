/** Holds the SSE connections of `just bench-bus`. Bare sockets: an HTTP client would cost more than the server. */
import { connect } from 'node:net';
import { obey, publishedAt } from './bus-protocol.ts';
import { preciseNowMs } from './sse-protocol.ts';

let latenciesMs: number[] = [];
/** A frame may come twice; its analysis counts once. */
const seen = new Set<string>();
const ANALYSIS = /"event_type":"timeline_analyzed".*"bonus":false.*"correlation_id":"([^"]+)"/;

const read = (text: string): void => {
  const nowMs = preciseNowMs();
  for (const frame of text.split('\n\n')) {
    if (!frame.includes('event: xp_earned')) continue;
    const correlationId = ANALYSIS.exec(frame)?.[1];
    if (correlationId === undefined || seen.has(correlationId)) continue;
    seen.add(correlationId);
    latenciesMs.push(nowMs - publishedAt(correlationId));
  }
};

const open = (port: number, token: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let rest = '';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      const text = rest + chunk;
      const end = text.lastIndexOf('\n\n') + 2;
      if (end < 2) {
        rest = text;
        return;
      }
      rest = text.slice(end);
      const whole = text.slice(0, end);
      if (whole.includes('event: connected')) resolve();
      read(whole);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
    socket.write(`GET /sse HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  });

await obey(async (order) => {
  if (order.do === 'connect') {
    for (let from = 0; from < order.tokens.length; from += 50) {
      await Promise.all(order.tokens.slice(from, from + 50).map((token) => open(order.port, token)));
    }
    return { count: order.tokens.length };
  }
  const come = latenciesMs;
  latenciesMs = [];
  return { count: seen.size, latenciesMs: come };
});
