import { describe, expect, expectTypeOf, test } from 'vitest';
import { COMMAND_NAMES, COMMANDS } from '#pkg/runtime/commands.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { reportFailure } from '#pkg/runtime/failure.ts';
import { buildProgram, type CommandHandlers, runProgram } from '#pkg/runtime/program.ts';
import type { Environment } from '#pkg/runtime/read-options.ts';

type Call = [command: string, options: object, args: readonly string[]];

/** Runs a command line with handlers that only note what they were given. */
async function run(line: string[], environment: Environment = {}): Promise<{ calls: Call[]; out: string }> {
  const calls: Call[] = [];
  let out = '';
  const handlers = Object.fromEntries(
    COMMAND_NAMES.map((name) => [
      name,
      (options: object, args: readonly string[]) => {
        calls.push([name, options, args]);
        return Promise.resolve();
      },
    ]),
  ) as CommandHandlers;
  const program = buildProgram(handlers, { version: '9.8.7', environment, write: (text) => void (out += text) });
  await runProgram(program, line);
  return { calls, out };
}

async function refused(...line: string[]): Promise<UserError> {
  const error: unknown = await run(line).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('what a handler gets', () => {
  test('its options and its arguments', async () => {
    const { calls } = await run(['sql', 'SELECT 1', '--format', 'CSV', '--write'], { CLICKHOUSE_DATABASE: 'other' });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.[0]).toBe('sql');
    expect(calls[0]?.[1]).toMatchObject({ format: 'CSV', write: true, database: 'other', noColor: false });
    expect(calls[0]?.[2]).toEqual(['SELECT 1']);
  });

  test('commands of two words, --x=y, repeated flags, --no-x, a query that begins with dashes', async () => {
    expect((await run(['migrate', 'down', '--store=postgres', '--steps', '3'])).calls[0]).toMatchObject([
      'migrate down',
      { store: 'postgres', steps: 3 },
      [],
    ]);
    expect((await run(['simulate', '--fault', 'stall', '--fault', 'close', '--no-color'])).calls[0]?.[1]).toMatchObject(
      {
        fault: ['stall', 'close'],
        noColor: true,
      },
    );
    expect((await run(['up', '--no-install'])).calls[0]?.[1]).toMatchObject({ noInstall: true, noColor: false });
    expect((await run(['sql', '--', '-- a comment\nSELECT 1'])).calls[0]?.[2]).toEqual(['-- a comment\nSELECT 1']);
  });

  test('commands of three words; arguments that may be left out, and that may be many', async () => {
    const key = await run(['feeds', 'keys', 'create', 'bot', '--scopes', 'bans:read,bans:write']);
    expect(key.calls[0]).toMatchObject([
      'feeds keys create',
      { scopes: ['bans:read', 'bans:write'], expiresMs: undefined },
      ['bot'],
    ]);
    expect((await run(['feeds', 'check'])).calls[0]?.[2]).toEqual([undefined]);
    expect((await run(['feeds', 'check', 'dir'])).calls[0]?.[2]).toEqual(['dir']);
    const account = ['--account', 'a.example.com'];
    expect((await run(['feeds', 'publish', 'a', 'b', ...account])).calls[0]?.[2]).toEqual([['a', 'b']]);
    expect((await run(['feeds', 'publish', '--all', ...account])).calls[0]?.[2]).toEqual([[]]);
  });

  test('typed by its command', () => {
    const handlers: CommandHandlers = {
      sql: (options, args) => {
        expectTypeOf(options.format).toEqualTypeOf<string | undefined>();
        expectTypeOf(args).toEqualTypeOf<readonly [string]>();
        return Promise.resolve();
      },
    };
    expect(Object.keys(handlers)).toEqual(['sql']);
  });

  test('what it rejects with comes out untouched', async () => {
    const boom = new Error('boom');
    const program = buildProgram({ common: () => Promise.reject(boom) }, { version: '1', environment: {} });
    await expect(runProgram(program, ['common'])).rejects.toBe(boom);
  });
});

describe('mistyped', () => {
  test.each([
    [['up', '--prot', '1'], 'skyflow up has no option --prot.', 'Did you mean --port?'],
    [['up', '--port', '--prot', '--hots=1'], 'no option --hots', 'Did you mean --host?'],
    [['up', '--seed', '1'], 'no option --seed', 'It belongs to: simulate, demo.'],
    [['--port', '1', 'up'], 'skyflow has no option --port', 'Options come after the command: skyflow COMMAND --port'],
    [['up', '--zzzzzzzz'], 'no option --zzzzzzzz', 'See: skyflow up --help'],
    [['upp'], 'has no command upp', 'Did you mean up?'],
    [['migrate', 'donw'], 'skyflow migrate has no command donw', 'Did you mean down?'],
    [['sql'], "missing required argument 'QUERY'", 'See: skyflow sql --help'],
    [['sql', 'SELECT', '1'], 'more words than it takes', 'quotes'],
    [['up', '--port'], 'argument missing', 'See: skyflow up --help'],
    [['up', '--port', 'abc'], '--port "abc": expected a whole number', 'The default is 8000.'],
  ])('%j', async (line, message, hint) => {
    const error = await refused(...line);
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });

  test('a URL with a password as a flag is refused without being repeated', async () => {
    for (const line of [['--database-url', 'postgres://u:hunter2@h'], ['--database-url=postgres://u:hunter2@h']]) {
      const error = await refused('up', ...line);
      expect(error.hint).toContain('set DATABASE_URL');
      expect(error.message + error.hint).not.toContain('hunter2');
    }
  });

  test('an unknown variable stops every command', async () => {
    await expect(run(['status'], { SKYFLOW_JETSTERAM: 'x' })).rejects.toMatchObject({
      hint: 'Did you mean SKYFLOW_JETSTREAM?',
    });
  });
});

describe('help', () => {
  test('of a command teaches: what it does, options with variable and default, environment, examples', async () => {
    const { out, calls } = await run(['up', '--help']);
    expect(calls).toHaveLength(0);
    const flat = out.replace(/\s+/g, ' ');
    expect(flat).toContain('Runs Skyflow in one process');
    expect(flat).toContain(
      '--data-dir <dir> folder of the embedded stores; one process at a time [SKYFLOW_DATA_DIR, default ./data]',
    );
    expect(flat).toContain('[SKYFLOW_JETSTREAM, default the four public hosts]');
    expect(flat).toContain('CLICKHOUSE_URL ClickHouse server');
    expect(flat).not.toContain('--clickhouse-url');
    expect(flat).toContain('skyflow up --replay');
  });

  test('shows the defaults of the command that was asked', async () => {
    expect((await run(['simulate', '--help'])).out).toContain('SKYFLOW_SIMULATOR_PORT, default 6008');
    expect((await run(['migrate', 'down', '--help'])).out).toContain('SKYFLOW_MIGRATE_STORE, required');
  });

  test('of the program lists every command, and so does calling it without one', async () => {
    for (const line of [['--help'], []]) {
      const { out } = await run(line);
      for (const word of [
        'up',
        'demo',
        'indexer',
        'simulate',
        'migrate',
        'sql',
        'status',
        'common',
        'analyze',
        'core-api',
      ]) {
        expect(out).toMatch(new RegExp(`^ {2}${word} `, 'm'));
      }
    }
    expect((await run(['--version'])).out).toBe('9.8.7\n');
  });

  test('every example can be parsed', async () => {
    // What the commands that run apart must be told.
    const servers = {
      CLICKHOUSE_URL: 'http://h:8123',
      DATABASE_URL: 'postgres://h/x',
      REDIS_URL: 'redis://h',
      NATS_URL: 'nats://h',
    };
    for (const [name, { examples }] of Object.entries(COMMANDS)) {
      for (const [line] of examples) {
        const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
        const error: unknown = await run(words, servers).catch((thrown: unknown) => thrown);
        // The one file named in an example does not exist here; everything before that must have been understood.
        if (error instanceof UserError) expect(error.message).toContain('--env-file');
        else expect((error as { calls: Call[] }).calls[0]?.[0]).toBe(name);
      }
    }
  });
});

describe('reportFailure', () => {
  test('a UserError is two lines without a stack', () => {
    let out = '';
    const error = new UserError('redis://u:hunter2@h is away.', { hint: 'Start it.', exitCode: 75 });
    expect(reportFailure(error, (text) => void (out += text))).toBe(75);
    expect(out).toBe('Error: redis://***@h is away.\nStart it.\n');
  });

  test('anything else shows its stack and its causes, without secrets', () => {
    let out = '';
    const error = new Error('outer', { cause: new TypeError('at redis://u:hunter2@h') });
    expect(reportFailure(error, (text) => void (out += text))).toBe(1);
    expect(out).toMatch(/Error: outer\n {4}at /);
    expect(out).toContain('caused by: TypeError: at redis://***@h');
  });
});
