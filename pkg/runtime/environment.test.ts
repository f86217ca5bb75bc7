import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkEnvironment, readEnvironment } from '#pkg/runtime/environment.ts';
import { UserError } from '#pkg/runtime/errors.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skyflow-env-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function envFile(name: string, content: string, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

describe('checkEnvironment', () => {
  test('an unknown SKYFLOW variable is refused, with the name that was meant', () => {
    const check = () => checkEnvironment({ PATH: '/bin', SKYFLOW_DATADIR: 'x' });
    expect(check).toThrow(UserError);
    expect(check).toThrow('SKYFLOW_DATADIR');
    try {
      check();
    } catch (error) {
      expect((error as UserError).hint).toBe('Did you mean SKYFLOW_DATA_DIR?');
    }
  });

  test('known ones pass, those of single commands too, and so do other programs', () => {
    checkEnvironment({ SKYFLOW_DATA_DIR: 'x', SKYFLOW_SIMULATOR_PORT: '1', SKYFLOW_DEMO_DATA_DIR: 'y', EDITOR: 'vi' });
  });
});

describe('the env file', () => {
  test('gives what the environment does not; an empty variable does not hide it', async () => {
    const file = await envFile(
      'good',
      '# ours\nCLICKHOUSE_URL="http://u:p@h:8123"\nSKYFLOW_PORT=1\nSKYFLOW_HOST=::1\n',
    );
    const environment = await readEnvironment({ SKYFLOW_PORT: '2', SKYFLOW_HOST: '' }, file);
    expect(environment).toMatchObject({ CLICKHOUSE_URL: 'http://u:p@h:8123', SKYFLOW_PORT: '2', SKYFLOW_HOST: '::1' });
  });

  test('that others can read is refused, with the command that repairs it', async () => {
    const file = await envFile('open', 'SKYFLOW_PORT=1\n', 0o640);
    await expect(readEnvironment({}, file)).rejects.toMatchObject({
      name: 'UserError',
      hint: `Run: chmod 600 ${file}`,
    });
  });

  test('a missing one is refused', async () => {
    const missing = join(folder, 'missing');
    await expect(readEnvironment({}, missing)).rejects.toMatchObject({ name: 'UserError' });
    await expect(readEnvironment({}, missing)).rejects.toThrow('there is no such file');
  });

  test('a misspelt variable of ours is refused, one of another program is not', async () => {
    const typo = await envFile('typo', 'DATABSE_URL=postgres://u:hunter2@h/x\n');
    await expect(readEnvironment({}, typo)).rejects.toMatchObject({ hint: 'Did you mean DATABASE_URL?' });
    const other = await envFile('other', 'GRAFANA_ADMIN=me\n');
    expect(await readEnvironment({}, other)).toMatchObject({ GRAFANA_ADMIN: 'me' });
  });
});
