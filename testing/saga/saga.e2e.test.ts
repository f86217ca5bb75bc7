import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openSagaRoom, type SagaRoom } from './room.ts';
import { playRound } from './round.ts';
import { BAD, DEADLY, GOOD, STEPS } from './steps.ts';

/** The long form is `node testing/saga/main.ts --rounds N`. */
let room: SagaRoom;
beforeAll(async () => {
  room = await openSagaRoom();
});
afterAll(() => room.close());

const acceptSome = (name: string): void => {
  room.accept({ subjectDid: `${GOOD}:${name}`, userId: 'did:plc:one' });
  room.accept({ subjectDid: `${GOOD}:${name}`, userId: 'did:plc:two' });
  room.accept({ subjectDid: `${BAD}:${name}` });
};

test('undisturbed, each request ends as it can', async () => {
  acceptSome('calm');
  expect(await room.settle({ natsDied: false })).toBe('');
});

test.each(STEPS.map((step) => [step]))('the timeline process killed after: %s', async (step) => {
  const { deaths } = room.timeline;
  room.timeline.arm({ step, when: 'after', hit: 1 });
  acceptSome(step.replaceAll(' ', '-'));
  await vi.waitFor(() => expect(room.timeline.deaths).toBe(deaths + 1), { timeout: 20_000 });
  expect(await room.settle({ natsDied: false })).toBe('');
});

test('a request that kills whoever takes it has failed after three of them', async () => {
  const { deaths } = room.timeline;
  room.accept({ subjectDid: DEADLY });
  expect(await room.settle({ natsDied: false })).toBe('');
  expect(room.timeline.deaths).toBe(deaths + 3);
});

test('NATS killed with requests under way', async () => {
  acceptSome('nats-1');
  room.killNats();
  acceptSome('nats-2');
  expect(await room.settle({ natsDied: true })).toBe('');
});

test('Redis killed with requests under way', async () => {
  acceptSome('redis-1');
  const back = room.killRedis(500);
  acceptSome('redis-2');
  await back;
  expect(await room.settle({ natsDied: false })).toBe('');
});

test.each([11, 12, 13])('several things at once, round %i', async (seed) => {
  expect(await playRound(room, seed)).toBe('');
});
