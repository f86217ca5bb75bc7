import { describe, expect, expectTypeOf, test } from 'vitest';
import { COMMAND_NAMES, type CommandName } from '#pkg/runtime/commands.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { FEEDS_OPTIONS } from '#pkg/runtime/options/feeds.ts';
import { INGEST_OPTIONS } from '#pkg/runtime/options/ingest.ts';
import { OPERATOR_OPTIONS } from '#pkg/runtime/options/operator.ts';
import { ROUTER_OPTIONS } from '#pkg/runtime/options/router.ts';
import { SERVICE_OPTIONS } from '#pkg/runtime/options/services.ts';
import { SHARED_OPTIONS } from '#pkg/runtime/options/shared.ts';
import { SIMULATOR_OPTIONS } from '#pkg/runtime/options/simulator.ts';
import { STORE_OPTIONS } from '#pkg/runtime/options/stores.ts';
import { AUDIENCES, LENSES, TIME_WINDOWS } from '#pkg/contracts/lens.ts';
import { OPTION_NAMES, type OptionsOf } from '#pkg/runtime/options.ts';
import { optionsOfCommand, readOptions } from '#pkg/runtime/read-options.ts';

function thrown(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the table', () => {
  test('no part redefines an option of another', () => {
    const parts = [
      INGEST_OPTIONS,
      SIMULATOR_OPTIONS,
      SERVICE_OPTIONS,
      OPERATOR_OPTIONS,
      FEEDS_OPTIONS,
      ROUTER_OPTIONS,
      STORE_OPTIONS,
      SHARED_OPTIONS,
    ];
    expect(parts.flatMap((part) => Object.keys(part)).sort()).toEqual([...OPTION_NAMES].sort());
  });

  test.each(COMMAND_NAMES)('%s: every default can be read, and no two options share a variable', (command) => {
    const entries = optionsOfCommand(command);
    for (const entry of entries) {
      if (!entry.required) expect(entry.spec.read(undefined, entry.default), entry.name).toMatchObject({ ok: true });
    }
    const variables = entries.map((entry) => entry.env);
    expect(new Set(variables).size).toBe(variables.length);
  });

  test('one variable means one option, whatever the command', () => {
    const owners = new Map<string, string>();
    for (const command of COMMAND_NAMES) {
      for (const { env, name } of optionsOfCommand(command)) {
        expect(owners.get(env) ?? name, env).toBe(name);
        owners.set(env, name);
      }
    }
  });

  test('whatever can hold a password has no flag', () => {
    const secret = optionsOfCommand('up').filter(({ spec }) => spec.environmentOnly === true);
    expect(secret.map(({ env }) => env).sort()).toEqual(['CLICKHOUSE_URL', 'DATABASE_URL', 'NATS_URL', 'REDIS_URL']);
  });

  test('the demo never reads where the real data is', () => {
    const demo = optionsOfCommand('demo').map(({ env }) => env);
    for (const env of ['SKYFLOW_DATA_DIR', 'CLICKHOUSE_URL', 'DATABASE_URL']) expect(demo).not.toContain(env);
    expect(readOptions('demo', { environment: {} }).dataDir).not.toBe(readOptions('up', { environment: {} }).dataDir);
  });
});

describe('readOptions', () => {
  test('a flag goes before its variable, that before the default; an empty variable is unset', () => {
    const environment = { SKYFLOW_PORT: '9000', SKYFLOW_HOST: '', SKYFLOW_LOOK_BACK: '2h' };
    const options = readOptions('up', { flags: new Map([['port', '9001']]), environment });
    expect(options).toMatchObject({ port: 9001, host: '127.0.0.1', lookBackMs: 7_200_000 });
    expect(readOptions('up', { environment }).port).toBe(9000);
    expect(readOptions('simulate', { environment }).port).toBe(6008);
  });

  test('the handler gets exact types, and only the options of its command', () => {
    const up = readOptions('up', { environment: {} });
    expectTypeOf(up.dataDir).toEqualTypeOf<string>();
    expectTypeOf(up.jetstream).toEqualTypeOf<string[]>();
    expectTypeOf(up.replay).toEqualTypeOf<string | undefined>();
    expectTypeOf(up.noInstall).toEqualTypeOf<boolean>();
    expectTypeOf(up.flushIntervalMs).toEqualTypeOf<number>();
    expectTypeOf<OptionsOf<'migrate up'>['store']>().toEqualTypeOf<'clickhouse' | 'postgres' | 'all'>();
    expectTypeOf<keyof OptionsOf<CommandName>>().toEqualTypeOf<'logLevel' | 'envFile' | 'noColor'>();
    expectTypeOf<OptionsOf<'sql'>>().not.toHaveProperty('port');
    expect(Object.keys(readOptions('sql', { environment: {} }))).not.toContain('port');
    expect(up.jetstream).toHaveLength(4);
  });

  test.each([
    [{ SKYFLOW_PORT: '70000' }, 'SKYFLOW_PORT "70000": expected a whole number from 0 to 65535.'],
    [{ SKYFLOW_PORT: '1e3' }, 'SKYFLOW_PORT "1e3"'],
    [{ SKYFLOW_LOOK_BACK: '36' }, 'SKYFLOW_LOOK_BACK "36": expected a duration'],
    [{ SKYFLOW_FLUSH_BYTES: '0x10' }, 'expected a size'],
    [{ SKYFLOW_JETSTREAM: 'http://a' }, 'starting with ws:// or wss://'],
    [{ SKYFLOW_JETSTREAM: 'wss://a,' }, 'starting with ws:// or wss://'],
    [{ CLICKHOUSE_DATABASE: 'a; DROP' }, 'expected letters, digits and underscores'],
    [{ LOG_LEVEL: 'loud' }, 'expected one of trace, debug'],
    [{ SKYFLOW_NO_INSTALL: 'perhaps' }, 'expected true or false'],
  ])('%j is refused by name', (environment, message) => {
    const error = thrown(() => readOptions('up', { environment }));
    expect(error.message).toContain(message);
    expect(error.hint).toMatch(/^It means: /);
  });

  test('a URL that cannot be read is never shown: it may be a password that broke it', () => {
    const error = thrown(() => readOptions('up', { environment: { DATABASE_URL: 'postgress://u:hunter2@h/x' } }));
    expect(error.message + error.hint).not.toContain('hunter2');
    expect(error.message).toContain('DATABASE_URL: expected a URL that starts with postgres://');
  });

  test('values', () => {
    const environment = {
      SKYFLOW_RAW_RETENTION: 'forever',
      SKYFLOW_JETSTREAM: 'ws://127.0.0.1:1/subscribe, wss://b.example',
      NO_COLOR: 'any',
      SKYFLOW_NO_INSTALL: '1',
      REDIS_URL: 'redis://:p@h:6379',
    };
    expect(readOptions('up', { environment })).toMatchObject({
      rawRetentionMs: Number.POSITIVE_INFINITY,
      jetstream: ['ws://127.0.0.1:1/subscribe', 'wss://b.example'],
      noColor: true,
      noInstall: true,
      redisUrl: 'redis://:p@h:6379',
    });
    const faults = { SKYFLOW_SIMULATOR_FAULTS: 'stall, close,stall' };
    expect(readOptions('simulate', { environment: faults }).fault).toEqual(['stall', 'close']);
    expect(readOptions('simulate', { environment: {} }).fault).toEqual([]);
  });

  test('a command that must be told does not fall back on a default', () => {
    expect(thrown(() => readOptions('migrate down', { environment: {} })).message).toContain('needs --store');
    expect(readOptions('migrate up', { environment: {} }).store).toBe('all');
  });

  test('a process beside others says which URL it lacks, and that one process needs none', () => {
    const needed = {
      'core-api': ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'],
      timeline: ['CLICKHOUSE_URL', 'DATABASE_URL', 'REDIS_URL', 'NATS_URL'],
      'realtime-gateway': ['REDIS_URL', 'NATS_URL'],
    } as const;
    const all = {
      CLICKHOUSE_URL: 'http://u:p@h:8123',
      DATABASE_URL: 'postgres://u:p@h/x',
      REDIS_URL: 'redis://h',
      NATS_URL: 'nats://h',
    };
    for (const command of ['core-api', 'timeline', 'realtime-gateway'] as const) {
      expect(() => readOptions(command, { environment: all })).not.toThrow();
      for (const name of needed[command]) {
        const error = thrown(() => readOptions(command, { environment: { ...all, [name]: '' } }));
        expect(error.message).toMatch(new RegExp(`^skyflow ${command} needs ${name} \\(`));
        expect(error.hint).toContain('skyflow up');
      }
      const [, ...others] = needed[command];
      const nothing = thrown(() => readOptions(command, { environment: {} }));
      for (const name of others) expect(nothing.hint, 'all of them at once').toContain(name);
    }
  });

  test('what analyze takes is what the lenses know', () => {
    const type = (one: string) => readOptions('analyze', { environment: { SKYFLOW_ANALYZE_TYPE: one } }).type;
    expect(LENSES.map(type)).toEqual(LENSES);
    for (const one of TIME_WINDOWS)
      expect(readOptions('analyze', { environment: { SKYFLOW_ANALYZE_WINDOW: one } }).window).toBe(one);
    for (const one of AUDIENCES)
      expect(readOptions('analyze', { environment: { SKYFLOW_ANALYZE_AUDIENCE: one } }).audience).toBe(one);
    expect(readOptions('analyze', { environment: {} })).toMatchObject({ type: 'all', window: '48h' });
  });

  test('a key in one line is a key, and never shown when it is none', () => {
    const urls = { DATABASE_URL: 'postgres://h/x', REDIS_URL: 'redis://h', NATS_URL: 'nats://h' };
    const block = ['-----BEGIN PRIVATE KEY-----', 'MIIEvQ', '-----END PRIVATE KEY-----'];
    const environment = { ...urls, SKYFLOW_SESSION_KEY: block.join(String.raw`\n`) };
    expect(readOptions('core-api', { environment }).sessionKey).toBe(block.join('\n'));
    const error = thrown(() => readOptions('core-api', { environment: { ...urls, SKYFLOW_SESSION_KEY: 'hunter2' } }));
    expect(error.message + error.hint).not.toContain('hunter2');
  });
});
