import { expect, test } from 'vitest';
import { openThrowaway } from '#pkg/postgres/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { postgresUpkeep } from './upkeep.ts';

const log = createLogger({ level: 'silent' });

test('an embedded Postgres gives room back and knows how large its tables are', async () => {
  await using throwaway = await openThrowaway({ log });
  const { postgres } = throwaway;
  await postgres.script('CREATE TABLE "Odd name" AS SELECT g AS id, 0 AS n FROM generate_series(1, 2000) g');
  const change = async () => {
    for (let round = 0; round < 20; round += 1) await postgres.query('UPDATE "Odd name" SET n = n + 1');
  };
  const sizeAndRows = async () => {
    const { rows } = await postgres.query<{ size: number; guess: number }>(
      `SELECT pg_relation_size('"Odd name"') AS size, reltuples::int8 AS guess FROM pg_class WHERE relname = 'Odd name'`,
    );
    return rows[0];
  };
  await change();
  const before = await sizeAndRows();
  expect(before?.guess).toBe(-1);
  const clock = new ManualClock(0);
  const stop = new AbortController();
  const running = postgresUpkeep(postgres, { clock, log }).run(stop.signal);
  await expect.poll(() => clock.sleeping).toBe(1);
  await clock.advance(600_000);
  await expect.poll(sizeAndRows).toMatchObject({ guess: 2_000 });
  await expect.poll(() => clock.sleeping).toBe(1);
  // What was given back is written over: the table does not grow again.
  await change();
  expect((await sizeAndRows())?.size).toBe(before?.size);
  stop.abort();
  await running;
});
