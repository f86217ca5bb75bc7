import { describe, expect, it, vi } from 'vitest';
import { ack } from '#pkg/bus/outcome.ts';
import { Trial, type TrialOptions } from '#pkg/bus/trial.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { aborted } from '#pkg/runtime/waiting.ts';

class AwayError extends Error {}

function begin(handler: TrialOptions<string>['handler']) {
  const clock = new ManualClock();
  const isAway = (error: Error) => error instanceof AwayError;
  const log = createLogger({ level: 'silent' });
  return { clock, trial: new Trial<string>({ handler, isAway, clock, log, handlerTimeoutMs: 60_000 }) };
}

describe('a trial', () => {
  it('is failed when the handler does not end in time, whatever it then throws', async () => {
    const { clock, trial } = begin(async (_messages, { signal }) => {
      await aborted(signal);
      throw new Error('broken off');
    });
    const verdict = trial.hear(['a']);
    await clock.advance(60_000);
    expect(await verdict).toMatchObject({ kind: 'failed', error: { message: 'no answer within 60000 ms' } });
  });

  it('is repeated when the handler says only after its time that a store is away', async () => {
    const handler = vi.fn<TrialOptions<string>['handler']>(async (_messages, { signal }) => {
      if (handler.mock.calls.length > 1) return [ack];
      await aborted(signal);
      throw new AwayError('no connection');
    });
    const { clock, trial } = begin(handler);
    const verdict = trial.hear(['a']);
    await clock.advance(60_000);
    await clock.advance(2_000);
    expect(await verdict).toEqual({ kind: 'outcomes', outcomes: [ack] });
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('does not begin after the end, and ends during a pause', async () => {
    const handler = vi.fn<TrialOptions<string>['handler']>(async () => Promise.reject(new AwayError('no connection')));
    const { clock, trial } = begin(handler);
    const verdict = trial.hear(['a']);
    await vi.waitFor(() => expect(clock.sleeping).toBe(1));
    trial.end(new Error('over'));
    expect(await verdict).toEqual({ kind: 'released' });
    expect(await trial.hear(['b'])).toEqual({ kind: 'released' });
    expect(handler).toHaveBeenCalledTimes(1);
  });
});
