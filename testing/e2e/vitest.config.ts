import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Apart from the projects of the root, because these tests need packages that only `setup.mjs` installs. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['*.e2e.test.ts'],
    pool: 'forks',
    // One network at a time: each is four servers and two databases.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
