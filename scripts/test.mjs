// `npm test`: the same set-up as `npm start`, then every test; the last line counts them.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFlags } from './node-runtime.mjs';
import { prepare, readSwitches, root } from './prepare.mjs';
import { runChild } from './run-child.mjs';
import { report, say } from './stop.mjs';
import { countLine, countReport } from './test-count.mjs';

async function main(folder) {
  const { args, noInstall, env } = readSwitches(process.argv.slice(2), process.env);
  const node = await prepare({ command: 'test', args, env, noInstall });
  process.chdir(root);
  const run = async (name, more) => {
    const reportFile = join(folder, `${name}.json`);
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
    const end = await runChild(node, [...nodeFlags, vitest, 'run', ...more, ...reporters], env);
    return judge(countReport(reportFile), end);
  };
  const own = await run('own', args);
  if (args.length > 0 || !existsSync(join(e2e, 'setup.mjs'))) return own;
  return add(own, await runNetwork({ node, noInstall, env, run }));
}

/** The tests on a whole AT network are a package of their own, which only this installs. */
const e2e = join(root, 'testing', 'e2e');

async function runNetwork({ node, noInstall, env, run }) {
  const setup = await runChild(node, [join(e2e, 'setup.mjs'), ...(noInstall ? ['--no-install'] : [])], env);
  if (setup.code === 0) return run('network', ['--config', join(e2e, 'vitest.config.ts')]);
  say('the packages or servers of testing/e2e are missing; that counts as one failure.');
  return { passed: 0, failed: 1, skipped: 0 };
}

const add = (one, other) => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: one.skipped + other.skipped,
});

/** Success needs vitest to say so and at least one test to have passed or been found good. */
function judge(count, { code, signal }) {
  if (count.failed === 0 && code !== 0) {
    say(`vitest ended with ${signal ?? `exit code ${code}`} though no test failed; that counts as one failure.`);
    return { ...count, failed: 1 };
  }
  if (count.passed + count.failed === 0) {
    say('no test was executed; that counts as one failure.');
    return { ...count, failed: 1 };
  }
  return count;
}

const folder = mkdtempSync(join(tmpdir(), 'skyflow-test-'));
let count = { passed: 0, failed: 1, skipped: 0 };
try {
  count = await main(folder);
} catch (error) {
  report(error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${countLine(count)}\n`);
process.exitCode = count.failed === 0 ? 0 : 1;
