// `just proto`: makes the code beside proto/**/*.proto anew. Needs no network: the compiler and its plugin are packages.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export const root = dirname(import.meta.dirname);

/** The generated files below `folder`, as paths relative to it, sorted. */
export function generatedFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /_pb\.(?:js|d\.ts)$/.test(path))
    .toSorted((a, b) => a.localeCompare(b));
}

/** Checks the .proto files and writes their code into `folder`/proto. */
export function generate(folder: string): void {
  runBuf(['lint']);
  runBuf(['generate', '--output', folder]);
}

function runBuf(args: readonly string[]): void {
  const bin = join(root, 'node_modules', '.bin');
  const env = {
    ...process.env,
    PATH: [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    // Should the settings ever name something remote, this fails at once instead of fetching it.
    HTTPS_PROXY: 'http://127.0.0.1:1',
  };
  execFileSync(join(bin, 'buf'), args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], timeout: 60_000 });
}

if (import.meta.main) {
  const proto = join(root, 'proto');
  for (const path of generatedFiles(proto)) rmSync(join(proto, path));
  generate(root);
  process.stdout.write(`${generatedFiles(proto).length} files made from proto/**/*.proto\n`);
}
