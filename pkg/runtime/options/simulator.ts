import { option } from '#pkg/runtime/options/option.ts';
import { durationMs, integer, nameList, positiveNumber } from '#pkg/runtime/options/values.ts';

const WORLDS = ['simulate', 'demo'] as const;

/** Options of the simulated network. Its port is `--port`, shared with `up`. */
export const SIMULATOR_OPTIONS = {
  rate: option({
    env: 'SKYFLOW_SIMULATOR_RATE',
    arg: '<n>',
    default: '200',
    parse: positiveNumber,
    help: 'simulated events a second',
    commands: WORLDS,
  }),
  seed: option({
    env: 'SKYFLOW_SIMULATOR_SEED',
    arg: '<n>',
    default: '1',
    parse: integer(0, 4_294_967_295),
    help: 'the same seed gives the same world',
    commands: WORLDS,
  }),
  accounts: option({
    env: 'SKYFLOW_SIMULATOR_ACCOUNTS',
    arg: '<n>',
    default: '1000',
    parse: integer(2, 10_000_000),
    help: 'accounts in the simulated world',
    commands: WORLDS,
  }),
  history: option({
    env: 'SKYFLOW_SIMULATOR_HISTORY',
    arg: '<duration>',
    default: '0s',
    parse: durationMs,
    help: 'past events to begin with',
    commands: WORLDS,
    overrides: { demo: { default: '10m' } },
  }),
  fault: option({
    env: 'SKYFLOW_SIMULATOR_FAULTS',
    arg: '<name>',
    default: '',
    defaultText: 'none',
    parse: nameList,
    help: 'inject a fault; may be repeated',
    commands: ['simulate'],
    repeatable: true,
  }),
};
