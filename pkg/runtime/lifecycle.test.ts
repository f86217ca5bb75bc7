import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import {
  GraceExceededError,
  runAll,
  type Service,
  ServiceStoppedError,
  type SignalTarget,
  untilSignal,
} from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const log = createLogger({ level: 'silent' });

/** Runs until stopped, and notes that it was. */
function patient(name: string, stopped: string[] = []): Service {
  return {
    name,
    run: (signal) =>
      new Promise((resolve) => {
        const end = () => {
          stopped.push(name);
          resolve();
        };
        if (signal.aborted) end();
        else signal.addEventListener('abort', end);
      }),
  };
}

describe('runAll', () => {
  test('stops every service when asked, and resolves', async () => {
    const stopped: string[] = [];
    const controller = new AbortController();
    const all = runAll([patient('a', stopped), patient('b', stopped)], {
      signal: controller.signal,
      graceMs: 1000,
      log,
    });
    controller.abort();
    await all;
    expect(stopped).toEqual(['a', 'b']);
  });

  test('a signal that is aborted already starts and stops at once', async () => {
    await runAll([patient('a')], { signal: AbortSignal.abort(), graceMs: 1000, log });
  });

  test('the first failure stops the others and is what is thrown', async () => {
    const stopped: string[] = [];
    const boom = new Error('boom');
    const failing: Service = { name: 'failing', run: () => Promise.reject(boom) };
    const all = runAll([patient('a', stopped), failing], { signal: new AbortController().signal, graceMs: 1000, log });
    await expect(all).rejects.toBe(boom);
    expect(stopped).toEqual(['a']);
  });

  test('a service that throws before its first await is a failure too', async () => {
    const failing: Service = {
      name: 'sync',
      run: () => {
        throw new Error('at once');
      },
    };
    await expect(runAll([failing], { signal: new AbortController().signal, graceMs: 10, log })).rejects.toThrow(
      'at once',
    );
  });

  test('an early return is a failure that names the service', async () => {
    const stopped: string[] = [];
    const early: Service = { name: 'early', run: () => Promise.resolve() };
    const all = runAll([early, patient('b', stopped)], { signal: new AbortController().signal, graceMs: 1000, log });
    await expect(all).rejects.toBeInstanceOf(ServiceStoppedError);
    await expect(all).rejects.toMatchObject({ service: 'early' });
    expect(stopped).toEqual(['b']);
  });

  test('an AbortError after the stop is a normal end, any other error is not', async () => {
    const throwsOnStop = (error: Error): Service => ({
      name: 'x',
      run: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(error))),
    });
    const run = (error: Error) => {
      const controller = new AbortController();
      const all = runAll([throwsOnStop(error)], { signal: controller.signal, graceMs: 1000, log });
      controller.abort();
      return all;
    };
    await run(new DOMException('', 'AbortError'));
    await expect(run(new Error('the last flush failed'))).rejects.toThrow('the last flush failed');
  });

  test('a service that will not stop is named when the grace time is over', async () => {
    const stuck: Service = { name: 'stuck', run: () => new Promise(() => undefined) };
    const controller = new AbortController();
    const all = runAll([stuck, patient('b')], { signal: controller.signal, graceMs: 20, log });
    controller.abort();
    await expect(all).rejects.toBeInstanceOf(GraceExceededError);
    await expect(all).rejects.toMatchObject({ services: ['stuck'] });
  });
});

describe('untilSignal', () => {
  test('a second copy of the same wish within half a second changes nothing', () => {
    const target = new EventEmitter() as EventEmitter & SignalTarget;
    const exit = vi.fn<(code: number) => void>();
    target.exit = exit;
    let nowMs = 1_000;
    using _stop = untilSignal(target, () => nowMs);
    target.emit('SIGTERM', 'SIGTERM');
    nowMs += 499;
    target.emit('SIGTERM', 'SIGTERM');
    expect(exit).not.toHaveBeenCalled();
    nowMs += 1;
    target.emit('SIGTERM', 'SIGTERM');
    expect(exit).toHaveBeenCalledWith(143);
  });

  test('the first signal aborts, the second exits at once, disposing gives the signals back', () => {
    const target = new EventEmitter() as EventEmitter & SignalTarget;
    const exit = vi.fn<(code: number) => void>();
    target.exit = exit;
    {
      let nowMs = 1_000;
      using stop = untilSignal(target, () => nowMs);
      expect(stop.signal.aborted).toBe(false);
      target.emit('SIGTERM', 'SIGTERM');
      nowMs += 1_000;
      expect(stop.signal.aborted).toBe(true);
      expect(exit).not.toHaveBeenCalled();
      target.emit('SIGINT', 'SIGINT');
      expect(exit).toHaveBeenCalledWith(130);
    }
    expect(target.listenerCount('SIGINT') + target.listenerCount('SIGTERM')).toBe(0);
  });
});
