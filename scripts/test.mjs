// `npm test`: the same set-up as `npm start`, then every test; the last line counts them.
import { mkdtempSync, rmSync } from 'node:fs';
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
  const reportFile = join(folder, 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const end = await runChild(node, [...nodeFlags, vitest, 'run', ...args, ...reporters], env);
  return judge(countReport(reportFile), end);
}

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
