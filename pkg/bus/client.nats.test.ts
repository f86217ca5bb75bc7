import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Bus, type OpenBusOptions, openBus } from '#pkg/bus/client.ts';
import { type EmbeddedNats, startEmbeddedNats } from '#pkg/bus/embedded.ts';
import { EXIT_TEMPORARY, UserError } from '#pkg/runtime/errors.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { freePort } from '#pkg/runtime/free-port.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const log = createLogger({ level: 'silent' });
const program = findExecutable(['nats-server']);
let base: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'skyflow nats "ü\\ '));
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  rmSync(base, { recursive: true, force: true });
});

async function open(options: Partial<OpenBusOptions> = {}): Promise<Bus> {
  const bus = await openBus({ log, dataDir: base, startTimeoutMs: 500, ...options });
  closing.push(() => bus.close());
  return bus;
}

async function embedded(choosePort?: () => Promise<number>): Promise<EmbeddedNats> {
  const server = await startEmbeddedNats({ folder: base, log, ...(choosePort === undefined ? {} : { choosePort }) });
  closing.push(() => server.stop());
  return server;
}

async function refusal(options: Partial<OpenBusOptions>): Promise<UserError> {
  const error: unknown = await open(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

/** A server that greets every connection with this INFO and never says more. */
async function fakeServer(info: object): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => void (data.includes('PING') && socket.write('PONG\r\n')));
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    closing.push(async () => void socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => void server.close());
  return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const killServer = () => process.kill(Number(readFileSync(join(base, 'nats', 'server.pid'), 'utf8')), 'SIGKILL');

describe('openBus', () => {
  it('gives a working connection with JetStream, to NATS_URL where that is set', async () => {
    const url = process.env['NATS_URL'] || undefined;
    const { js, jsm, embedded: isOurs } = await open({ url, startTimeoutMs: 10_000 });
    expect(isOurs).toBe(url === undefined);
    const name = `skyflow-test-${process.pid}`;
    await jsm.streams.add({ name, subjects: [`${name}.>`] });
    await js.publish(`${name}.a`, 'hello');
    expect((await jsm.streams.info(name)).state.messages).toBe(1);
    await jsm.streams.delete(name);
  });

  it('says what to set when there is neither a URL nor a folder', async () => {
    expect((await refusal({ dataDir: undefined })).hint).toContain('NATS_URL');
  });
});

describe.skipIf(program === undefined)('an embedded NATS', () => {
  it('keeps its token in one file for its owner only, and not in its arguments', async () => {
    const server = await embedded();
    const file = join(base, 'server.conf');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain(server.secret);
    expect(readFileSync(`/proc/${server.child.pid}/cmdline`, 'utf8')).not.toContain(server.secret);
  });

  it('still has every acknowledged message after it was killed and everything was opened anew', async () => {
    const first = await openBus({ log, dataDir: base });
    await first.jsm.streams.add({ name: 'events', subjects: ['events.>'] });
    for (let count = 0; count < 100; count += 1) await first.js.publish('events.x', String(count));
    killServer();
    await first.close();
    const second = await open();
    expect((await second.jsm.streams.info('events')).state.messages).toBe(100);
  });

  it('is started again when it dies, and the same connection works again', async () => {
    const bus = await open();
    await bus.jsm.streams.add({ name: 'events', subjects: ['events.>'] });
    await bus.js.publish('events.x', 'before');
    killServer();
    await vi.waitFor(() => expect(bus.downSinceMs).toBeTypeOf('number'));
    await vi.waitFor(() => expect(bus.downSinceMs).toBeUndefined(), { timeout: 20_000 });
    await bus.js.publish('events.x', 'after');
    expect((await bus.jsm.streams.info('events')).state.messages).toBe(2);
  });

  it('takes another port when somebody else was faster', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const ports = [port, await freePort()];
    const server = await embedded(async () => ports.shift() ?? 0);
    taken.close();
    expect(server.port).not.toBe(port);
    expect((await open({ url: server.url })).embedded).toBe(false);
  });

  it('that does not start says why', async () => {
    writeFileSync(join(base, 'jetstream'), 'a file where a folder has to be');
    const error: unknown = await embedded().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(/^NATS does not start: .*JetStream/s);
  });
});

describe.skipIf(program === undefined)('a NATS that will not have us', () => {
  it('for our token is reported at once, and no secret is shown', async () => {
    const server = await embedded();
    const url = server.url.replace(/[0-9a-f]{48}@/, 'wrong-secret@');
    const error = await refusal({ url, startTimeoutMs: 60_000 });
    expect(error.message).toMatch(/^NATS at nats:.* refuses us/);
    expect(error.message).not.toMatch(/wrong-secret/);
  });

  it('has no JetStream', async () => {
    const port = await freePort();
    const server = spawn(program ?? '', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    closing.push(async () => void server.kill('SIGKILL'));
    const error = await refusal({ url: `nats://127.0.0.1:${port}`, startTimeoutMs: 20_000 });
    expect(error.message).toMatch(/runs without JetStream/);
  });
});

describe('a NATS_URL that does not work', () => {
  it('is tried for as long as allowed, then reported with the time since when', async () => {
    const error = await refusal({ url: `nats://127.0.0.1:${await freePort()}` });
    expect(error.message).toMatch(/cannot be reached since 20\S+Z \(ECONNREFUSED\)/);
    expect(error.exitCode).toBe(EXIT_TEMPORARY);
  });

  it('leads to a version that is too old', async () => {
    const url = await fakeServer({ server_id: 'x', version: '2.1.9', max_payload: 1000, proto: 1, headers: false });
    expect((await refusal({ url })).message).toMatch(/is 2\.1\.9; Skyflow needs 2\.9 or newer/);
  });

  it('stops waiting when aborted', async () => {
    const controller = new AbortController();
    const url = `nats://127.0.0.1:${await freePort()}`;
    const opening = openBus({ url, log, startTimeoutMs: 60_000, signal: controller.signal });
    controller.abort();
    await expect(opening).rejects.toThrow(/abort/);
  });
});
