import { readFileSync } from 'node:fs';
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
    packages: { apt: 'redis-server', dnf: 'redis', brew: 'redis' },
  },
  nats: {
    names: ['nats-server'],
    urlName: 'NATS_URL',
    packages: { apt: 'nats-server', dnf: 'nats-server', brew: 'nats-server' },
  },
};

const both = [servers.redis, servers.nats];

/**
 * What a command starts itself where no URL is set; commands that are not here do without. `ownAlways`: it runs its own
 * servers even where URLs are set.
 */
const needs = new Map([
  ['up', { wanted: both }],
  ['indexer', { wanted: [servers.redis] }],
  ['demo', { wanted: both, ownAlways: true }],
  ['common', { wanted: both, ownAlways: true }],
  ['test', { wanted: both }],
]);

/**
 * The servers a command will start itself, judged by its arguments and by the URLs that are set.
 * @param {string | undefined} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export function serversFor(command, args, env) {
  const need = needs.get(command);
  if (need === undefined || args.some((arg) => arg === '--help' || arg === '-h')) return [];
  if (need.ownAlways) return need.wanted;
  const file = readEnvFile(args, env);
  const isSet = ({ urlName }) =>
    (env[urlName] ?? '') !== '' ||
    new RegExp(`^[ \\t]*(export[ \\t]+)?${urlName}[ \\t]*=[ \\t]*['"]?[^\\s'"#]`, 'm').test(file);
  return need.wanted.filter((server) => !isSet(server));
}

/** The text of the file that --env-file names. One that cannot be read is for the program itself to complain about. */
function readEnvFile(args, env) {
  const index = args.findIndex((arg) => arg === '--env-file' || arg.startsWith('--env-file='));
  const given = args[index]?.includes('=') ? args[index].slice('--env-file='.length) : args[index + 1];
  const file = index === -1 ? env.SKYFLOW_ENV_FILE : given;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
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
