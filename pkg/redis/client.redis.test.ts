import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OpenRedisOptions, type RedisHandle, openRedis } from '#pkg/redis/client.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from '#pkg/redis/embedded.ts';
import { EXIT_TEMPORARY, UserError } from '#pkg/runtime/errors.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { freePort } from '#pkg/runtime/free-port.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const log = createLogger({ level: 'silent' });
const canEmbed = findExecutable(['redis-server', 'valkey-server']) !== undefined;
let base: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'skyflow redis "ü\\ '));
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  rmSync(base, { recursive: true, force: true });
});

async function open(options: Partial<OpenRedisOptions> = {}): Promise<RedisHandle> {
  const handle = await openRedis({ log, dataDir: base, startTimeoutMs: 500, ...options });
  closing.push(() => handle.close());
  return handle;
}

async function embedded(choosePort?: () => Promise<number>): Promise<EmbeddedRedis> {
  const server = await startEmbeddedRedis({ folder: base, log, ...(choosePort === undefined ? {} : { choosePort }) });
  closing.push(() => server.stop());
  return server;
}

async function refusal(options: Partial<OpenRedisOptions>): Promise<UserError> {
  const error: unknown = await open(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

/** A server that answers everything it is sent with what `reply` returns; '' is silence. */
async function fakeServer(reply: (request: string) => string): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => socket.write(reply(data.toString())));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('openRedis', () => {
  it('gives a working connection, to REDIS_URL where that is set', async () => {
    const url = process.env['REDIS_URL'] || undefined;
    const { redis, embedded: isOurs } = await open({ url, startTimeoutMs: 10_000 });
    expect(isOurs).toBe(url === undefined);
    const key = `skyflow-test:${process.pid}`;
    await redis.set(key, 'yes', 'EX', 60);
    expect(await redis.get(key)).toBe('yes');
    await redis.del(key);
  });

  it('says what to set when there is neither a URL nor a folder', async () => {
    expect((await refusal({ dataDir: undefined })).hint).toContain('REDIS_URL');
  });
});

describe.skipIf(!canEmbed)('an embedded Redis', () => {
  it('keeps its password in one file for its owner only, and not in its arguments', async () => {
    const server = await embedded();
    const file = join(base, 'server.conf');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain(server.secret);
    const argv = readFileSync(`/proc/${server.child.pid}/cmdline`, 'utf8');
    expect(argv).toContain('server.conf');
    expect(argv).not.toContain(server.secret);
  });

  it('still has everything after it was killed and everything was opened anew', async () => {
    const first = await openRedis({ log, dataDir: base });
    await first.redis.set('kept', 'yes');
    const pid = Number(readFileSync(join(base, 'redis', 'server.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await first.close();
    const second = await open();
    expect(await second.redis.get('kept')).toBe('yes');
    expect(second.url).not.toBe(first.url);
  });

  it('starts with an append-only file whose tail is torn', async () => {
    const first = await openRedis({ log, dataDir: base });
    await first.redis.set('kept', 'yes');
    await first.close();
    const folder = join(base, 'redis', 'appendonlydir');
    const file = readdirSync(folder).find((name) => name.endsWith('.incr.aof')) ?? '';
    appendFileSync(join(folder, file), '*3\r\n$3\r\nSET\r\n$4\r\nto');
    const second = await open();
    expect(await second.redis.get('kept')).toBe('yes');
  });

  it('is started again when it dies, and the same connection works again', async () => {
    const handle = await open();
    await handle.redis.set('kept', 'yes');
    process.kill(Number(readFileSync(join(base, 'redis', 'server.pid'), 'utf8')), 'SIGKILL');
    await vi.waitFor(() => expect(handle.downSinceMs).toBeTypeOf('number'));
    expect(await handle.redis.get('kept')).toBe('yes');
    expect(handle.downSinceMs).toBeUndefined();
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
    const first = await openRedis({ log, dataDir: base });
    await first.redis.set('kept', 'yes');
    await first.close();
    const folder = join(base, 'redis', 'appendonlydir');
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.manifest'))) {
      appendFileSync(join(folder, name), 'rubbish\n');
    }
    const error = await refusal({});
    expect(error.message).toMatch(/^Redis does not start: .*exit code 1/);
    expect(error.hint).toContain(base);
  });
});

describe.skipIf(!canEmbed)('a Redis that will not have us', () => {
  it.each([
    ['with another password', (url: string) => url.replace(/:[0-9a-f]{48}@/, ':wrong-secret@')],
    ['without a password', (url: string) => url.replace(/:[0-9a-f]{48}@/, '')],
    ['for a database that it does not have', (url: string) => `${url}/9999`],
  ])('%s is reported at once, and no secret is shown', async (_, change) => {
    const server = await embedded();
    const error = await refusal({ url: change(server.url), startTimeoutMs: 60_000 });
    expect(error.message).toMatch(/^Redis at redis:.* refuses us/);
    expect(error.message).not.toMatch(/wrong-secret|[0-9a-f]{48}/);
  });
});

describe('a REDIS_URL that does not work', () => {
  it('is tried for as long as allowed, then reported with the time since when', async () => {
    const error = await refusal({ url: `redis://127.0.0.1:${await freePort()}` });
    expect(error.message).toMatch(/cannot be reached since 20\S+Z \(ECONNREFUSED\)/);
    expect(error.exitCode).toBe(EXIT_TEMPORARY);
  });

  it('works as soon as the server is there', async () => {
    let answers = 0;
    const infoReply = 'redis_version:7.2.0\r\nloading:0';
    const url = await fakeServer((request) => {
      const commands = request.match(/\$\d+\r\n(?:hello|client|info|quit)\r\n/gi) ?? [];
      return commands
        .map((one) => {
          if (!/info/i.test(one)) return '+OK\r\n';
          answers += 1;
          return answers <= 3 ? '-LOADING not yet\r\n' : `$${infoReply.length}\r\n${infoReply}\r\n`;
        })
        .join('');
    });
    expect((await open({ url, startTimeoutMs: 20_000 })).redis.status).toBe('ready');
    expect(answers).toBeGreaterThan(3);
  });

  it('leads to a version that is too old', async () => {
    const infoReply = 'redis_version:6.0.16\r\nloading:0';
    const url = await fakeServer((request) => {
      const commands = request.match(/\$\d+\r\n(?:hello|client|info|quit)\r\n/gi) ?? [];
      return commands
        .map((one) => (/info/i.test(one) ? `$${infoReply.length}\r\n${infoReply}\r\n` : '+OK\r\n'))
        .join('');
    });
    expect((await refusal({ url })).message).toMatch(/is 6\.0\.16; Skyflow needs 6\.2 or newer/);
  });

  it.each(['not a url', 'http://127.0.0.1:6379', ''])('%j is refused as no Redis URL', async (url) => {
    expect((await refusal({ url })).message).toMatch(/is not a Redis URL/);
  });

  it('stops waiting when aborted', async () => {
    const controller = new AbortController();
    const url = `redis://127.0.0.1:${await freePort()}`;
    const opening = openRedis({ url, log, startTimeoutMs: 60_000, signal: controller.signal });
    controller.abort();
    await expect(opening).rejects.toThrow(/abort/);
  });
});

describe.skipIf(!canEmbed)('a Redis that goes away', () => {
  it('lets commands fail after a bounded time', async () => {
    const server = await embedded();
    const { redis } = await open({ url: server.url });
    await server.stop();
    await expect(redis.get('anything')).rejects.toMatchObject({ name: 'MaxRetriesPerRequestError' });
  });
});
