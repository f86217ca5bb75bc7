import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { EMBEDDED_MAJOR, openEmbedded } from '#pkg/postgres/embedded.ts';

let folder = '';
let dir = '';
const children: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skyflow-pglite-'));
  dir = join(folder, 'postgres');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Another process with the embedded Postgres in `dir`, running `body` with `db` open. */
function startChild(body: string): ChildProcess {
  const program = `
    import { openEmbedded } from '#pkg/postgres/embedded.ts';
    const db = await openEmbedded(${JSON.stringify(dir)});
    ${body}`;
  const root = new URL('../../', import.meta.url).pathname;
  const args = ['--input-type=module-typescript', '--disable-warning=ExperimentalWarning', '-e', program];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** The tests below follow each other on one folder: making one takes seconds. */
test('a first start that was killed is recognised and made again', async () => {
  const child = startChild('');
  const halfMade = await vi.waitUntil(
    async () => {
      const found = (await readdir(folder)).find((name) => name.startsWith('postgres.tmp-'));
      return found !== undefined && (await readdir(join(folder, found))).includes('PG_VERSION') ? found : undefined;
    },
    { timeout: 30_000, interval: 5 },
  );
  await killed(child);
  expect(await readdir(folder)).toEqual([halfMade]);

  const db = await openEmbedded(dir);
  expect(db.embedded).toBe(true);
  expect(db.version).toMatch(/^PostgreSQL 18\.\d+ \(embedded\)$/);
  await db.script('CREATE TABLE t (n int PRIMARY KEY)');
  expect(await readdir(folder)).toEqual(['postgres']);
  await db.close();
  await db.close();
  expect((await readFile(join(dir, 'PG_VERSION'), 'utf8')).trim()).toBe(EMBEDDED_MAJOR);
});

test('rows that were acknowledged outlast a kill, and the folder opens again', async () => {
  const child = startChild(`
    for (let n = 0; ; n += 1) {
      await db.query('INSERT INTO t VALUES ($1)', [n]);
      process.stdout.write(n + '\\n');
    }`);
  if (child.stdout === null) throw new Error('no stdout');
  let last = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= 200) break;
  }
  await killed(child);
  const db = await openEmbedded(dir);
  const { rows } = await db.query<{ count: number; max: number }>('SELECT count(*) AS count, max(n) AS max FROM t');
  await db.close();
  expect(rows[0]?.max).toBeGreaterThanOrEqual(last);
  expect(rows[0]?.count).toBe((rows[0]?.max ?? 0) + 1);
});

test('a folder of another version, or of something else, is refused and left as it is', async () => {
  const other = join(folder, 'other', 'postgres');
  await mkdir(other, { recursive: true });
  await writeFile(join(other, 'notes.txt'), 'mine');
  await expect(openEmbedded(other)).rejects.toMatchObject({ name: 'UserError' });
  await writeFile(join(other, 'PG_VERSION'), '17\n');
  await expect(openEmbedded(other)).rejects.toThrow('was made by PostgreSQL 17');
  expect((await readdir(other)).sort()).toEqual(['PG_VERSION', 'notes.txt']);
});
