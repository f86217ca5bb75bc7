import { expect, test } from 'vitest';
import { nearestName } from '#pkg/runtime/nearest.ts';

const flags = ['--port', '--data-dir', '--host', '--metrics-port', '--replay'];

test.each([
  ['--prot', '--port'],
  ['--datadir', '--data-dir'],
  ['--PORT', '--port'],
  ['--metricsport', '--metrics-port'],
  ['--reply', '--replay'],
  ['--erplya', '--replay'],
])('%s was meant to be %s', (typed, meant) => {
  expect(nearestName(typed, flags)).toBe(meant);
});

test('no guess for a name that is like none', () => {
  expect(nearestName('--colour-scheme', flags)).toBeUndefined();
  expect(nearestName('x', [])).toBeUndefined();
});
