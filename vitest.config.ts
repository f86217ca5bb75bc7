import { defineConfig } from 'vitest/config';

/**
 * One project per kind of test, chosen by file suffix, so that `--project pure` needs no server at all.
 * Forks, never threads: chDB holds one engine per process and crashes when two threads share it.
 */
const storeSuffixes = ['ch', 'pg', 'redis', 'nats', 'e2e'] as const;

const project = (name: string, include: string[], exclude: string[] = [], testTimeout = 60_000) => ({
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', 'testing/e2e/**', ...exclude],
    pool: 'forks' as const,
    testTimeout,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project(
        'pure',
        ['{cmd,pkg,testing,scripts}/**/*.test.ts'],
        storeSuffixes.map((suffix) => `**/*.${suffix}.test.ts`),
      ),
      ...storeSuffixes.map((suffix) =>
        project(suffix, [`{cmd,pkg,testing,scripts}/**/*.${suffix}.test.ts`], [], suffix === 'e2e' ? 300_000 : 60_000),
      ),
    ],
  },
});
