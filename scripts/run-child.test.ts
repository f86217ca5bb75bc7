import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const runChild = fileURLToPath(new URL('./run-child.mjs', import.meta.url));

/** A program that says its process id and then waits; wrapped by `runChild`, as `npm start` has it. */
const program = `console.log(process.pid); setInterval(() => {}, 1000);`;
const wrapper = `const { runChild } = await import(${JSON.stringify(runChild)});
await runChild(process.execPath, ['-e', ${JSON.stringify(program)}], process.env);`;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

it('stops the program when the shell that npm started dies of a SIGTERM which it passed on to nobody', async () => {
  // The trailing `true` keeps the shell from replacing itself by node.
  const shell = spawn('sh', ['-c', `"$0" --input-type=module -e "$1"; true`, process.execPath, wrapper], {
    env: { ...process.env, npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: shell.stdout }), 'line')) as [string];
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  shell.kill('SIGTERM');
  const giveUpMs = Date.now() + 10_000;
  while (isAlive(pid) && Date.now() < giveUpMs) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isAlive(pid)).toBe(false);
});
