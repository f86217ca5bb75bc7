/** A process of the SSE bench that publishes, as the timeline service does from its own. */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { openBus } from '#pkg/bus/client.ts';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, type Publisher } from '#pkg/bus/publish.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { type Answer, command, type Command, preciseNowMs } from './sse-protocol.ts';

const log = createLogger({ level: 'warn' });
let publisher: Publisher | undefined;

const work = async (what: Command): Promise<Answer> => {
  if (what.do === 'bus') {
    publisher = createPublisher(await openBus({ url: what.url, log }));
    return { count: 1, latenciesMs: [], missed: 0 };
  }
  if (what.do !== 'publish' || publisher === undefined) throw new Error(`not for a publisher: ${what.do}`);
  const to = publisher;
  const padding = 'x'.repeat(what.padding);
  const sent = Array.from({ length: what.times }, () => what.users)
    .flat()
    .map((userId) => {
      const fields = { userId, name: 'analysis_completed', data: { at: preciseNowMs(), padding } };
      const envelope = { aggregateId: userId, correlationId: randomUUID(), nowMs: Date.now() };
      return to.publish(createEvent(EVENTS.realtimeAnalysisCompleted, envelope, fields));
    });
  await Promise.all(sent);
  return { count: sent.length, latenciesMs: [], missed: 0 };
};

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await work(command.parse(JSON.parse(line))))}\n`);
}
process.exit(0);
