import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from './history.ts';
import { Queue } from './queue.ts';

const frame = (sequence: number, userId = 'a', length = 10) => ({ sequence, userId, text: 'x'.repeat(length) });
const after = (history: History, userId: string, sequence: number) =>
  [...history.after(userId, sequence)].map((one) => one.sequence);

describe('a history', () => {
  it('answers as a list of all frames would, whatever is appended, pruned and asked (property)', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), user: fc.constantFrom('a', 'b', 'c'), skip: fc.nat(2) }),
      fc.record({ kind: fc.constant('prune' as const), back: fc.nat(20) }),
      fc.record({ kind: fc.constant('settle' as const), on: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 30 }), (steps, historyEvents) => {
        const history = new History({ historyEvents, historyBytes: 1_000_000 });
        history.reset('m', 0);
        let model: { sequence: number; userId: string }[] = [];
        let head = 0;
        for (const what of steps) {
          if (what.kind === 'append') {
            head += 1 + what.skip;
            history.append(frame(head, what.user));
            model = [...model, { sequence: head, userId: what.user }].slice(-historyEvents);
          } else if (what.kind === 'prune') {
            const first = head - what.back;
            history.prune(first);
            model = model.filter(({ sequence }) => sequence >= first);
          } else {
            head += what.on;
            history.settle(head);
          }
          expect(history.head).toBe(head);
          expect(history.events).toBe(model.length);
          for (const userId of ['a', 'b', 'c', 'd']) {
            const own = model.filter((one) => one.userId === userId).map(({ sequence }) => sequence);
            for (const from of [0, history.floor - 1, Math.floor(head / 2), head, head + 5]) {
              const expected = own.filter((sequence) => sequence > from);
              expect(after(history, userId, from)).toEqual(expected);
              expect(history.countAfter(userId, from)).toBe(expected.length);
            }
          }
          // Nothing that it lost is behind the floor.
          expect(history.floor).toBeLessThanOrEqual((model[0]?.sequence ?? head) + 1);
        }
      }),
    );
  });

  it('is bounded by the length of its text', () => {
    const history = new History({ historyEvents: 1_000, historyBytes: 1_000 });
    history.reset('m', 0);
    for (let sequence = 1; sequence <= 50; sequence += 1) history.append(frame(sequence, 'a', 300));
    expect([history.events, history.bytes, history.floor]).toEqual([3, 900, 48]);
    history.append(frame(51, 'a', 5_000));
    expect([history.events, history.bytes, history.floor]).toEqual([0, 0, 52]);
  });

  it('refuses a frame that is not after the others', () => {
    const history = new History({ historyEvents: 10, historyBytes: 1_000 });
    history.reset('m', 5);
    expect(() => history.append(frame(5))).toThrow(/not after/);
  });
});

it('a queue is an array that is pushed and shifted (property)', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat()), { maxLength: 500 }), (steps) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      for (const value of steps) {
        if (value === null) expect(queue.shift()).toBe(model.shift());
        else {
          queue.push(value);
          model.push(value);
        }
        expect(queue.length).toBe(model.length);
        expect([queue.at(0), queue.at(model.length - 1), queue.at(model.length)]).toEqual([
          model[0],
          model.at(-1),
          undefined,
        ]);
      }
    }),
  );
});
