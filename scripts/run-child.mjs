import { spawn } from 'node:child_process';

/**
 * Runs a program on this terminal as if it had been started instead of us: same streams, same signals, same end.
 *
 * Ctrl-C on a terminal goes to the whole process group, so the program has had that SIGINT already; a second copy
 * would read as "the user is impatient, exit at once". SIGTERM and SIGHUP are sent to us alone and are passed on.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ code: number | null, signal: string | null }>} rejects when it cannot be started
 */
export function runChild(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env });
    const onTerminal = process.stdin.isTTY === true;
    const forward = (signal) => {
      if (signal !== 'SIGINT' || !onTerminal) child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    // npm passes a SIGTERM to the shell between us, which dies of it alone: then its death is the message.
    const parent = process.ppid;
    const watch =
      process.env.npm_lifecycle_event === undefined
        ? undefined
        : setInterval(() => {
            if (process.ppid === parent) return;
            clearInterval(watch);
            child.kill('SIGTERM');
          }, 500);
    const finish = (settle) => {
      for (const signal of signals) process.off(signal, forward);
      clearInterval(watch);
      settle();
    };
    child.once('error', (error) => finish(() => reject(error)));
    child.once('exit', (code, signal) => finish(() => resolve({ code, signal })));
  });
}

/**
 * Ends this process the way the program ended, so that a shell or a supervisor sees the same.
 * @param {{ code: number | null, signal: string | null }} end
 */
export function exitLike({ code, signal }) {
  if (signal !== null) {
    process.kill(process.pid, signal);
    // SIGKILL and the like end us here; a signal which is ignored in this process must still not look like success.
    setTimeout(() => process.exit(1), 1000);
    return;
  }
  process.exitCode = code ?? 1;
}
