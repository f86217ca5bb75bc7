import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkout } from './checkout-fixture.ts';

let checkout: Checkout;
const urls = { REDIS_URL: 'redis://x', NATS_URL: 'nats://x' };

beforeEach(() => {
  checkout = new Checkout();
});

afterEach(() => {
  checkout.remove();
});

interface FileResult {
  status: string;
  tests: string[];
}

const broken: FileResult = { status: 'failed', tests: [] };

/** A vitest that writes this report and ends with this code. */
function vitest(files: FileResult[] | undefined, exitCode: number): void {
  const testResults = files?.map(({ status, tests }) => ({
    status,
    assertionResults: tests.map((one) => ({ status: one })),
  }));
  checkout.write(
    'node_modules/vitest/vitest.mjs',
    `import { writeFileSync } from 'node:fs';
     const out = process.argv.find((arg) => arg.startsWith('--outputFile.json=')).slice('--outputFile.json='.length);
     ${testResults === undefined ? '' : `writeFileSync(out, ${JSON.stringify(JSON.stringify({ testResults }))});`}
     console.log('vitest', process.argv.slice(2).filter((arg) => !arg.includes('reporter') && !arg.includes('output')).join(' '));
     process.exitCode = ${exitCode};`,
  );
}

const runTests = (args: string[] = []) => checkout.run(['scripts/test.mjs', ...args], checkout.environment(urls));
const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

describe('npm test', () => {
  it('sets up, passes its arguments on and counts', async () => {
    vitest([{ status: 'passed', tests: ['passed', 'passed'] }], 0);
    const outcome = await runTests(['--project', 'pure', '--no-install', '-t', 'a b']);
    // Without packages and with --no-install there is nothing to run.
    expect(outcome).toMatchObject({ code: 1, stdout: '0 passed, 1 failed\n' });
    const second = await runTests(['--project', 'pure', '-t', 'a b']);
    expect(second).toMatchObject({ code: 0, stdout: 'vitest run --project pure -t a b\n2 passed, 0 failed\n' });
    expect(checkout.calls('npm')).toHaveLength(1);
  });

  it.each<[string, FileResult[] | undefined, number, string]>([
    ['a failed test', [{ status: 'failed', tests: ['passed', 'failed'] }], 1, '1 passed, 1 failed'],
    ['skipped tests', [{ status: 'passed', tests: ['passed', 'pending', 'todo'] }], 0, '1 passed, 0 failed, 2 skipped'],
    ['files that cannot be loaded', [broken, broken, { status: 'passed', tests: ['passed'] }], 1, '1 passed, 2 failed'],
    ['a hook that fails', [{ status: 'failed', tests: ['skipped'] }], 1, '0 passed, 1 failed, 1 skipped'],
    ['an error outside any test', [{ status: 'passed', tests: ['passed'] }], 1, '1 passed, 1 failed'],
    ['a failure that vitest itself forgot', [{ status: 'failed', tests: ['failed'] }], 0, '0 passed, 1 failed'],
    ['no test at all', [], 0, '0 passed, 1 failed'],
    ['only skipped tests', [{ status: 'passed', tests: ['skipped'] }], 0, '0 passed, 1 failed, 1 skipped'],
    ['no report', undefined, 1, '0 passed, 1 failed'],
  ])('counts %s', async (_, files, exitCode, line) => {
    vitest(files, exitCode);
    const outcome = await runTests();
    const code = line.includes(', 0 failed') ? 0 : 1;
    expect({ code: outcome.code, line: lastLine(outcome.stdout) }).toEqual({ code, line });
  });
});

describe('.ci/run', () => {
  it.each<[string, string, number, string]>([
    ['success', 'echo "3 passed, 0 failed"', 0, '3 passed, 0 failed'],
    ['failure', 'echo "3 passed, 1 failed"; exit 1', 1, '3 passed, 1 failed'],
    [
      'words of npm after a failure',
      'echo "3 passed, 1 failed"; echo "npm error code 1" >&2; exit 7',
      7,
      '3 passed, 1 failed',
    ],
    ['no count', 'echo "what?"; exit 2', 2, '0 passed, 1 failed'],
    ['a success without a count', 'echo "what?"', 1, '0 passed, 1 failed'],
  ])('ends with the count after %s', async (_, script, code, line) => {
    checkout.stub('npm', `#!/bin/sh\necho "$@ in $(pwd)" >> "$CALLS/npm"\n${script}\n`);
    const driver = `
      const { spawnSync } = await import('node:child_process');
      const { status } = spawnSync('bash', [${JSON.stringify(join(checkout.root, '.ci', 'run'))}], { cwd: '/', stdio: 'inherit' });
      process.exitCode = status;`;
    const outcome = await checkout.run(['--input-type=module', '-e', driver]);
    expect({ code: outcome.code, line: lastLine(outcome.stdout) }).toEqual({ code, line });
    expect(checkout.calls('npm')).toEqual([`test in ${checkout.root}`]);
  });
});
