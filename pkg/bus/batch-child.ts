import { appendFileSync } from 'node:fs';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { openBus } from './client.ts';
import { ack, consumeBatch } from './consume-batch.ts';
import { EVENTS } from './events.ts';

/**
 * A consumer as a process of its own, for tests: `batch-child.ts URL FILE DEADLY...`. It writes each call of its handler
 * into the file, one JSON line each of `[analysisId, attempt]`, and dies at once when one of the deadly is among them.
 */
const [url = '', file = '', ...deadly] = process.argv.slice(2);
const log = createLogger({ level: 'silent' });
const bus = await openBus({ url, log });
const service = consumeBatch({
  bus,
  durable: 'timeline-processor',
  event: EVENTS.timelineRequested,
  handler: async (events) => {
    // Not by a message to the parent: it would die with the process.
    appendFileSync(file, `${JSON.stringify(events.map(({ message, attempt }) => [message.analysisId, attempt]))}\n`);
    if (events.some(({ message }) => deadly.includes(message.analysisId))) process.kill(process.pid, 'SIGKILL');
    return events.map(() => ack);
  },
  clock: systemClock,
  log,
});
await service.run(AbortSignal.any([]));
