import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConsumerWorld, SLOW } from '#pkg/bus/consumer-world.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';

const installed = findExecutable(['nats-server']) !== undefined;
let world: ConsumerWorld;
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);

describe.skipIf(!installed)('consumeBatch, when a message ends its process', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  let over: AbortController;
  let living: Promise<void> | undefined;

  beforeAll(async () => {
    world = await ConsumerWorld.open();
    folder = mkdtempSync(join(tmpdir(), 'skyflow-batch-'));
  });

  afterAll(async () => {
    await world.throwaway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await world.begin();
    over = new AbortController();
  });

  afterEach(async () => {
    over.abort();
    child?.kill('SIGKILL');
    await living;
  });

  /** Runs the child, again each time it ends, until the test is over. Returns its calls so far. */
  function live(...deadly: string[]): () => [string, number][][] {
    const file = join(folder, 'calls');
    writeFileSync(file, '');
    const script = fileURLToPath(new URL('batch-child.ts', import.meta.url));
    living = (async () => {
      while (!over.signal.aborted) {
        const args = [script, world.bus.url, file, ...deadly];
        child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
        await once(child, 'exit');
        await forgotten();
      }
    })();
    const lines = () => readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return () => lines().map((line) => JSON.parse(line) as [string, number][]);
  }

  /**
   * Until the server has forgotten what the dead asked for; being asked makes it look. A 2.9 otherwise counts a delivery to
   * nobody, when its patience ends before the next process begins.
   */
  async function forgotten(): Promise<void> {
    await vi.waitFor(async () => {
      expect((await world.bus.jsm.consumers.info('TIMELINE', 'timeline-processor')).num_waiting).toBe(0);
    }, SLOW);
  }

  it('makes it a dead letter after three deliveries, and handles all beside and behind it', async () => {
    await world.shortPatience(1_500);
    const ids = numbered(12);
    await world.publish(...ids.slice(0, 5), 'poison', ...ids.slice(5));
    const calls = live('poison');
    await vi.waitFor(async () => expect(await world.deadLetters()).toHaveLength(1), SLOW);
    await world.publish('behind');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    const poisoned = calls().filter((events) => events.some(([id]) => id === 'poison'));
    // The first time with whatever came beside it.
    expect(poisoned).toEqual([expect.arrayContaining([['poison', 1]]), [['poison', 2]], [['poison', 3]]]);
    const handled = calls().filter((events) => !events.some(([id]) => id === 'poison'));
    expect(new Set(handled.flat().map(([id]) => id))).toEqual(new Set([...ids, 'behind']));
    const [letter] = await world.deadLetters();
    expect(letter?.header.get('Skyflow-Error')).toMatch(/^not finished in 3 attempts/);
    expect(letter?.header.get('Skyflow-Original-Nats-Msg-Id')).toBe('event-poison');
  });

  it('finds each of two, and nobody else', async () => {
    await world.shortPatience(1_500);
    const ids = numbered(6);
    await world.publish(...ids.slice(0, 2), 'one', ...ids.slice(2, 4), 'two', ...ids.slice(4));
    const calls = live('one', 'two');
    await vi.waitFor(async () => expect(await world.deadLetters()).toHaveLength(2), SLOW);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    const handled = calls().filter((events) => !events.some(([id]) => id === 'one' || id === 'two'));
    expect(new Set(handled.flat().map(([id]) => id))).toEqual(new Set(ids));
    const letters = await world.deadLetters();
    expect(letters.map(({ header }) => header.get('Skyflow-Original-Nats-Msg-Id'))).toEqual(['event-one', 'event-two']);
  });
});
