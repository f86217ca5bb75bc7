import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Child, ChildError, type ChildOptions, startChild } from '#pkg/runtime/child.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { pidExists, runsCommand } from '#pkg/runtime/process-identity.ts';

const log = createLogger({ level: 'silent' });
let base: string;
const started: Child[] = [];
const strays: number[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'skyflow-child-'));
});

afterEach(async () => {
  for (const child of started.splice(0)) await child.stop();
  for (const pid of strays.splice(0)) if (pidExists(pid)) process.kill(pid, 'SIGKILL');
  rmSync(base, { recursive: true, force: true });
});

/** A program that writes its pid to a file when it is up; `extra` is more of its code. */
function programOptions(extra = ''): ChildOptions {
  const file = join(base, 'program.mjs');
  const upFile = join(base, 'up');
  const pidFile = join(base, 'program.pid');
  writeFileSync(
    file,
    `import { writeFileSync, appendFileSync } from 'node:fs';
     console.log('hello from the program');
     ${extra}
     appendFileSync(${JSON.stringify(join(base, 'starts'))}, process.pid + '\\n');
     writeFileSync(${JSON.stringify(upFile)}, String(process.pid));
     setInterval(() => {}, 1000);`,
  );
  return {
    name: 'program',
    command: process.execPath,
    args: [file],
    pidFile,
    log,
    restart: { minMs: 1, maxMs: 20 },
    async ready(signal) {
      // The up file of an earlier run names an earlier pid: wait for the one in the pid file.
      const isUp = () => existsSync(upFile) && readFileSync(upFile, 'utf8') === readFileSync(pidFile, 'utf8').trim();
      await vi.waitFor(() => signal.aborted || expect(isUp()).toBe(true), { timeout: 10_000, interval: 5 });
    },
  };
}

const pidInUpFile = () => readFileSync(join(base, 'up'), 'utf8');

async function start(options: ChildOptions): Promise<Child> {
  const child = await startChild(options);
  started.push(child);
  return child;
}

/** An ended process stays in the table until the machine's first process looks; it runs no command any more. */
const gone = (pid: number, { command, args }: ChildOptions, timeout: number) =>
  vi.waitFor(() => expect(runsCommand(pid, command, args)).toBe(false), { timeout, interval: 10 });

describe('startChild', () => {
  it('starts the program itself (not a shell around it) and ends it on stop', async () => {
    const child = await start(programOptions());
    expect(pidInUpFile()).toBe(String(child.pid));
    expect(runsCommand(child.pid ?? 0, process.execPath, [join(base, 'program.mjs')])).toBe(true);
    const { pid } = child;
    await child.stop();
    expect(pidExists(pid ?? 0)).toBe(false);
    expect(existsSync(join(base, 'program.pid'))).toBe(false);
  });

  it('does not hand our environment on', async () => {
    vi.stubEnv('DATABASE_URL', 'postgres://secret');
    const envFile = join(base, 'env');
    const dump = `writeFileSync(${JSON.stringify(envFile)}, JSON.stringify(process.env));`;
    await start({ ...programOptions(dump), env: { GIVEN: 'yes' } });
    vi.unstubAllEnvs();
    const env = JSON.parse(readFileSync(envFile, 'utf8')) as Record<string, string>;
    expect(env).toMatchObject({ GIVEN: 'yes', PATH: process.env['PATH'] });
    expect(env).not.toHaveProperty('DATABASE_URL');
  });

  it('says what the program said when it ends instead of becoming ready', async () => {
    const options = programOptions(`console.error('no such luck'); process.exit(3);`);
    const error: unknown = await startChild(options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ChildError);
    expect((error as ChildError).message).toBe('program ended: exit code 3');
    expect((error as ChildError).output).toContain('no such luck');
    expect(existsSync(options.pidFile)).toBe(false);
  });

  it('says so when the command does not exist', async () => {
    const options = { ...programOptions(), command: join(base, 'nothing') };
    const error: unknown = await startChild(options).catch((thrown: unknown) => thrown);
    expect((error as ChildError).message).toBe('program ended: exit code 127');
  });

  it('ends a program that does not become ready in time', async () => {
    const options = programOptions();
    const never = { ...options, readyTimeoutMs: 50, ready: () => new Promise<void>(() => undefined) };
    await expect(startChild(never)).rejects.toThrow('did not answer within 50 ms');
    await vi.waitFor(() => expect(existsSync(options.pidFile)).toBe(false));
  });

  it('uses SIGKILL on a program that ignores SIGTERM', async () => {
    const options = { ...programOptions(`process.on('SIGTERM', () => {});`), stopTimeoutMs: 100 };
    const child = await start(options);
    const { pid } = child;
    await child.stop();
    expect(pidExists(pid ?? 0)).toBe(false);
  });
});

describe('a child that dies', () => {
  it('is started again, each time', async () => {
    const child = await start(programOptions());
    for (const times of [1, 2, 3]) {
      process.kill(child.pid ?? 0, 'SIGKILL');
      await vi.waitFor(() => expect(child.restarts).toBe(times), { timeout: 10_000, interval: 5 });
      expect(child.downSinceMs).toBeUndefined();
      expect(pidInUpFile()).toBe(String(child.pid));
    }
  });

  it('is tried again until it comes up, and is known to be down meanwhile', async () => {
    const broken = join(base, 'broken');
    const extra = `import { existsSync } from 'node:fs';
      if (existsSync(${JSON.stringify(broken)})) {
        appendFileSync(${JSON.stringify(join(base, 'failures'))}, 'x');
        process.exit(1);
      }`;
    const child = await start(programOptions(extra));
    writeFileSync(broken, '');
    process.kill(child.pid ?? 0, 'SIGKILL');
    const failures = () =>
      existsSync(join(base, 'failures')) ? readFileSync(join(base, 'failures'), 'utf8').length : 0;
    await vi.waitFor(() => expect(failures()).toBeGreaterThanOrEqual(2), { timeout: 10_000, interval: 5 });
    expect(child.downSinceMs).toBeTypeOf('number');
    expect(child.pid).toBeUndefined();
    rmSync(broken);
    await vi.waitFor(() => expect(child.restarts).toBe(1), { timeout: 10_000, interval: 5 });
  });

  it('stays down when stopped during a pause', async () => {
    const child = await start({ ...programOptions(), restart: { minMs: 60_000, maxMs: 60_000 } });
    process.kill(child.pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(child.downSinceMs).toBeTypeOf('number'));
    await child.stop();
    expect(readFileSync(join(base, 'starts'), 'utf8').trim().split('\n')).toHaveLength(1);
  });
});

/** A parent process of its own, which starts the child and says its pid. */
async function parentProcess(options: ChildOptions) {
  const url = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));
  const given = JSON.stringify({ command: options.command, args: options.args, pidFile: options.pidFile });
  const code = `
    const { startChild } = await import(${url('child.ts')});
    const { createLogger } = await import(${url('log.ts')});
    const { existsSync } = await import('node:fs');
    const ready = async () => { while (!existsSync(${JSON.stringify(join(base, 'up'))})) await new Promise((r) => setTimeout(r, 5)); };
    const child = await startChild({ name: 'program', ready, log: createLogger({ level: 'silent' }), ...${given} });
    console.log(child.pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const childPid = Number(said.toString());
  strays.push(parent.pid ?? 0, childPid);
  return { parent, childPid };
}

describe('a parent that dies', () => {
  it('by SIGKILL takes the child with it within 2 s', async () => {
    const options = programOptions();
    const { parent, childPid } = await parentProcess(options);
    expect(runsCommand(childPid, options.command, options.args)).toBe(true);
    parent.kill('SIGKILL');
    await gone(childPid, options, 2_000);
  });

  it('lets the child end in its own way', async () => {
    const farewell = join(base, 'farewell');
    const options = programOptions(
      `process.on('SIGTERM', () => { writeFileSync(${JSON.stringify(farewell)}, 'bye'); process.exit(0); });`,
    );
    const { parent, childPid } = await parentProcess(options);
    parent.kill('SIGKILL');
    await gone(childPid, options, 2_000);
    expect(readFileSync(farewell, 'utf8')).toBe('bye');
  });

  it('takes along even a child that ignores SIGTERM', async () => {
    const options = programOptions(`process.on('SIGTERM', () => {});`);
    const { parent, childPid } = await parentProcess(options);
    parent.kill('SIGKILL');
    await gone(childPid, options, 2_000);
  });
});

describe('a stale pid file', () => {
  it('leads to the orphan, which is ended before the next start', async () => {
    const options = programOptions();
    const orphan = spawn(options.command, [...options.args], { stdio: 'ignore', detached: true });
    strays.push(orphan.pid ?? 0);
    await vi.waitFor(() => expect(existsSync(join(base, 'up'))).toBe(true), { timeout: 10_000 });
    writeFileSync(options.pidFile, `${orphan.pid}\n`);
    const child = await start(options);
    expect(orphan.signalCode).toBe('SIGTERM');
    expect(child.pid).not.toBe(orphan.pid);
  });

  it('leaves a process alone that has the number and another command line', async () => {
    const options = programOptions();
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    strays.push(stranger.pid ?? 0);
    writeFileSync(options.pidFile, `${stranger.pid}\n`);
    await start(options);
    expect(pidExists(stranger.pid ?? 0)).toBe(true);
    expect(stranger.signalCode).toBeNull();
  });

  it.each(['', 'rubbish', '0', '-1', '1', '99999999'])('holding %j is no obstacle', async (text) => {
    const options = programOptions();
    writeFileSync(options.pidFile, text);
    const child = await start(options);
    expect(pidExists(child.pid ?? 0)).toBe(true);
  });
});
