import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataDir, openDataDir } from '#pkg/runtime/data-dir.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { takeOver } from '#pkg/runtime/folder-lock.ts';
import { ownIdentity } from '#pkg/runtime/process-identity.ts';

let base: string;
const opened: DataDir[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'skyflow-data-dir-'));
});

afterEach(async () => {
  for (const dir of opened.splice(0)) await dir.close();
  rmSync(base, { recursive: true, force: true });
});

async function openHere(path: string, quietMs = 50): Promise<DataDir> {
  const dir = await openDataDir(path, { quietMs });
  opened.push(dir);
  return dir;
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

/** Runs a program that opens the folder, says so, and holds it until it is ended. */
async function holdElsewhere(path: string) {
  const module = fileURLToPath(new URL('data-dir.ts', import.meta.url));
  const code = `
    const { openDataDir } = await import(${JSON.stringify(module)});
    try { const dir = await openDataDir(${JSON.stringify(path)}); console.log('open ' + dir.installId); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.name); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    said: said.toString().trim(),
    pid: child.pid,
    async end(signal: NodeJS.Signals) {
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

describe('a new data folder', () => {
  it('is made for its owner only, with a marker that stays the same', async () => {
    const path = join(base, 'deep', 'data');
    const first = await openHere(path);
    expect(modeOf(path)).toBe(0o700);
    expect(modeOf(await first.folder('redis'))).toBe(0o700);
    await first.close();
    const second = await openHere(path);
    expect({ id: second.installId, at: second.createdAt }).toEqual({ id: first.installId, at: first.createdAt });
    expect(JSON.parse(readFileSync(join(path, 'skyflow.json'), 'utf8'))).toMatchObject({ format: 1 });
  });

  it('may be an empty folder, which is then closed to others', async () => {
    const path = join(base, 'empty');
    mkdirSync(path);
    chmodSync(path, 0o755);
    await openHere(path);
    expect(modeOf(path)).toBe(0o700);
  });

  it('may be what a crash left half-made', async () => {
    const path = join(base, 'half');
    mkdirSync(path);
    writeFileSync(join(path, 'skyflow.json.new'), '{"form');
    writeFileSync(join(path, 'skyflow.lock'), '');
    const dir = await openHere(path);
    expect(dir.installId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('leaves nothing but the marker when closed', async () => {
    const path = join(base, 'data');
    const dir = await openHere(path);
    await dir.close();
    expect(readdirSync(path)).toEqual(['skyflow.json']);
  });
});

describe('a folder that cannot be used', () => {
  it.each<[string, (path: string) => void, RegExp]>([
    [
      'of somebody else',
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, 'thesis.txt'), 'x');
      },
      /was not made by Skyflow \(it holds "thesis.txt"\)/,
    ],
    ['that is a file', (path) => writeFileSync(path, 'x'), /is a file/],
    [
      'of a newer format',
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, 'skyflow.json'), '{"format":2,"createdAt":"x","installId":"y"}');
      },
      /is of format 2/,
    ],
    [
      'with a damaged marker',
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, 'skyflow.json'), '{"format":');
      },
      /is damaged/,
    ],
  ])('%s is refused and left as it was', async (_, make, message) => {
    const path = join(base, 'data');
    make(path);
    const before = statSync(path).isDirectory() ? readdirSync(path) : [];
    const error: unknown = await openHere(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
    expect((error as UserError).hint).not.toBe('');
    expect(statSync(path).isDirectory() ? readdirSync(path) : []).toEqual(before);
  });

  it('that lies below a file is refused', async () => {
    writeFileSync(join(base, 'file'), 'x');
    await expect(openHere(join(base, 'file', 'data'))).rejects.toThrow(/lies below something that is a file/);
  });

  it('that the kernel will not make is refused', async () => {
    // Root may write everywhere, except where the kernel itself says no.
    await expect(openHere('/proc/skyflow-test')).rejects.toBeInstanceOf(UserError);
  });

  it('that this user may not write is refused', async () => {
    const path = join(base, 'data');
    mkdirSync(path, { mode: 0o500 });
    // Root may write anywhere: be nobody for a moment.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(openHere(path)).rejects.toThrow(/cannot be written by this user/);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});

describe('the lock', () => {
  it('keeps a second opening out, in this process and from another, and names the holder', async () => {
    const path = join(base, 'data');
    const dir = await openHere(path);
    await expect(openHere(path)).rejects.toThrow(`in use by process ${process.pid}`);
    const other = await holdElsewhere(path);
    expect(other.said).toBe('UserError');
    await dir.close();
    await openHere(path);
  });

  it('is taken over from a holder that was killed', async () => {
    const path = join(base, 'data');
    const holder = await holdElsewhere(path);
    expect(holder.said).toMatch(/^open /);
    await expect(openHere(path)).rejects.toThrow(`in use by process ${holder.pid}`);
    await holder.end('SIGKILL');
    const dir = await openHere(path);
    expect(`open ${dir.installId}`).toBe(holder.said);
  });

  it('is not fooled by a new process that got the dead one’s number', async () => {
    const path = join(base, 'data');
    await (await openHere(path)).close();
    const lock = { ...ownIdentity(), startedAt: 'another time', nonce: 'x' };
    writeFileSync(join(path, 'skyflow.lock'), JSON.stringify(lock));
    await openHere(path);
  });

  it('goes to exactly one of many who find a dead holder', async () => {
    const path = join(base, 'data');
    const holder = await holdElsewhere(path);
    await holder.end('SIGKILL');
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => openHere(path)));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    const others = await Promise.all([holdElsewhere(path), holdElsewhere(path)]);
    expect(others.map((other) => other.said)).toEqual(['UserError', 'UserError']);
  });

  it('goes to exactly one of many who waited for the same silent holder', async () => {
    const path = join(base, 'data');
    await (await openHere(path)).close();
    writeFileSync(join(path, 'skyflow.lock'), JSON.stringify({ ...ownIdentity(), place: 'elsewhere', nonce: 'x' }));
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => openHere(path, 100)));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  });

  it('stays with the winner when a slower one still believes the dead holder to be there', async () => {
    const file = join(base, 'lock');
    const record = (nonce: string) => ({ ...ownIdentity(), nonce });
    writeFileSync(file, JSON.stringify(record('dead')));
    expect(takeOver(file, record('dead'), record('winner'))).toBe(true);
    expect(takeOver(file, record('dead'), record('slower'))).toBe(false);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(record('winner'));
    expect(readdirSync(base)).toEqual(['lock']);
  });

  it('of another container counts while its time stamp moves, and not when it stands still', async () => {
    const path = join(base, 'data');
    await (await openHere(path)).close();
    const file = join(path, 'skyflow.lock');
    writeFileSync(file, JSON.stringify({ ...ownIdentity(), place: 'elsewhere', nonce: 'x' }));
    const renew = setInterval(() => writeFileSync(file, readFileSync(file)), 20);
    const error: unknown = await openHere(path, 300).catch((thrown: unknown) => thrown);
    clearInterval(renew);
    expect((error as Error).message).toMatch(/in another container/);
    await openHere(path, 300);
  });
});
