import { findExecutable } from './executables.mjs';
import { installServers } from './install-servers.mjs';
import { Stop } from './stop.mjs';

/**
 * The servers that Skyflow starts as its children where no URL names others.
 * `package`: what each package manager calls it. Fedora ships Valkey in Redis' place; it speaks the same protocol.
 */
const servers = {
  redis: {
    names: ['redis-server', 'valkey-server'],
    urlName: 'REDIS_URL',
    flag: '--redis-url',
    packages: { apt: 'redis-server', dnf: 'redis', brew: 'redis' },
  },
  nats: {
    names: ['nats-server'],
    urlName: 'NATS_URL',
    flag: '--nats-url',
    packages: { apt: 'nats-server', dnf: 'nats-server', brew: 'nats-server' },
  },
};

/** Commands that start the embedded servers; all others do without. */
const needed = { up: true, demo: true, indexer: true, common: true, test: true };

/**
 * The servers a command will start itself, judged by its arguments and by the URLs that are set.
 * @param {string | undefined} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export function serversFor(command, args, env) {
  if (command === undefined || needed[command] !== true) return [];
  if (args.some((arg) => arg === '--help' || arg === '-h')) return [];
  const isGiven = ({ urlName, flag }) =>
    (env[urlName] ?? '') !== '' || args.some((arg) => arg === flag || arg.startsWith(`${flag}=`));
  return Object.values(servers).filter((server) => !isGiven(server));
}

/**
 * Makes sure these servers can be started, installing what is missing where that is allowed.
 * @param {ReturnType<typeof serversFor>} wanted
 * @param {{ noInstall: boolean, policyFile?: string }} options
 */
export function ensureServers(wanted, options) {
  const missing = wanted.filter((server) => findExecutable(server.names) === undefined);
  if (missing.length === 0) return;
  const names = missing.map((server) => server.names[0]).join(' and ');
  const hint = `Install ${names} yourself (${byHand(missing)}), or set ${missing.map((s) => s.urlName).join(' and ')}.`;
  if (options.noInstall) {
    throw new Stop(
      `${names} cannot be found, and installing is switched off (--no-install or SKYFLOW_NO_INSTALL).`,
      hint,
    );
  }
  const outcome = installServers(missing, options);
  const stillMissing = missing.filter((server) => findExecutable(server.names) === undefined);
  if (stillMissing.length === 0) return;
  const still = stillMissing.map((server) => server.names[0]).join(' and ');
  throw new Stop(`${still} cannot be found and could not be installed: ${outcome}.`, hint);
}

function byHand(missing) {
  const list = (manager) => missing.map((server) => server.packages[manager]).join(' ');
  if (process.platform === 'darwin') return `\`brew install ${list('brew')}\``;
  if (findExecutable(['dnf']) !== undefined) return `\`sudo dnf install ${list('dnf')}\``;
  return `\`sudo apt-get install ${list('apt')}\``;
}
