import { readFileSync } from 'node:fs';

/**
 * Counts what vitest's JSON report says. A file that could not be loaded, or whose set-up failed, holds no failed test
 * of its own and still counts as one failure, so that a broken file can never look like a smaller suite.
 * @param {string} reportFile
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function countReport(reportFile) {
  const files = readReport(reportFile).testResults;
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    const statuses = file.assertionResults.map((test) => test.status);
    const failed = statuses.filter((status) => status === 'failed').length;
    count.passed += statuses.filter((status) => status === 'passed').length;
    count.skipped += statuses.filter((status) => status !== 'passed' && status !== 'failed').length;
    count.failed += failed === 0 && file.status === 'failed' ? 1 : failed;
  }
  return count;
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Stopped before the report was written: nothing counts as having passed.
    return { testResults: [] };
  }
}

/**
 * The last line of `npm test`.
 * @param {{ passed: number, failed: number, skipped: number }} count
 */
export function countLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
