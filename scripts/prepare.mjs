import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pickNode } from './node-runtime.mjs';
import { ensureServers, serversFor } from './servers.mjs';
import { ensurePackages } from './setup.mjs';
import { Stop } from './stop.mjs';

/** The checkout that these scripts belong to. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Takes the bootstrap's own switch out of the arguments: the program behind it does not know it.
 * @param {string[]} argv
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ args: string[], noInstall: boolean, env: NodeJS.ProcessEnv }}
 */
export function readSwitches(argv, env) {
  const { SKYFLOW_NO_INSTALL: fromEnv = '', ...rest } = env;
  const end = argv.indexOf('--');
  const args = argv.filter((arg, index) => arg !== '--no-install' || (end !== -1 && index > end));
  const isOn = fromEnv !== '' && fromEnv !== '0' && fromEnv !== 'false';
  // `npm start --no-install`, without the `--`: npm takes the switch for a setting of its own and hands it on like this.
  const takenByNpm = env.npm_config_install === '';
  return { args, noInstall: isOn || takenByNpm || args.length < argv.length, env: rest };
}

/**
 * Does the set-up a command needs and nothing more.
 * @param {{ command: string | undefined, args: string[], env: NodeJS.ProcessEnv, noInstall: boolean }} start
 * @returns {Promise<string>} the Node to run it with
 */
export async function prepare({ command, args, env, noInstall }) {
  if (process.platform === 'win32') {
    throw new Stop(
      'Skyflow runs on Linux and macOS.',
      'On Windows, start it inside WSL: https://learn.microsoft.com/windows/wsl.',
    );
  }
  await ensurePackages({ root, noInstall, needDev: command === 'test' });
  const node = pickNode(root);
  ensureServers(serversFor(command, args, env), { noInstall });
  return node;
}
