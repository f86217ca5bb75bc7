#!/usr/bin/env node
// Starts Skyflow from a bare checkout on any Node from 18: set-up where needed, then the real program on Node 24.
import { join } from 'node:path';
import { nodeFlags, tooOld } from './node-runtime.mjs';
import { prepare, readSwitches, root } from './prepare.mjs';
import { exitLike, runChild } from './run-child.mjs';
import { report } from './stop.mjs';

// Each statement of the embedded ClickHouse holds one of libuv's threads, of which there are only 4: two slow questions of a
// person would leave none for the files that rows go in by.
const threads = '16';

async function main() {
  const { args, noInstall, env } = readSwitches(process.argv.slice(2), process.env);
  const command = args.find((arg) => !arg.startsWith('-'));
  const node = await prepare({ command, args, env, noInstall });
  const program = join(root, 'cmd', 'skyflow', 'main.ts');
  try {
    exitLike(await runChild(node, [...nodeFlags, program, ...args], { UV_THREADPOOL_SIZE: threads, ...env }));
  } catch (error) {
    // The bundled Node is there but does not start: Linux with another C library.
    throw error.code === 'ENOENT' ? tooOld() : error;
  }
}

main().catch((error) => {
  report(error);
  process.exitCode = 1;
});
