// Installs what the tests in this folder need and nothing else does: the packages of a whole network, and PostgreSQL.
// `node testing/e2e/setup.mjs [--no-install]`; a second run finds everything there and is done at once.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installServers } from '../../scripts/install-servers.mjs';
import { prepare, readSwitches } from '../../scripts/prepare.mjs';
import { ensurePackages } from '../../scripts/setup.mjs';
import { report, Stop } from '../../scripts/stop.mjs';
import { findPostgres } from './postgres-programs.mjs';

const postgres = { packages: { apt: 'postgresql', dnf: 'postgresql-server', brew: 'postgresql@17' } };

async function main() {
  const { args, noInstall, env } = readSwitches(process.argv.slice(2), process.env);
  // The project's own packages, Redis and NATS: the network's AppView needs the one, `skyflow up` both.
  await prepare({ command: 'test', args, env, noInstall });
  await ensurePackages({ root: dirname(fileURLToPath(import.meta.url)), noInstall, needDev: true });
  if (findPostgres() !== undefined) return;
  const outcome = noInstall ? 'installing is switched off' : installServers([postgres], {});
  if (findPostgres() !== undefined) return;
  throw new Stop(
    `PostgreSQL cannot be found and could not be installed: ${outcome}.`,
    'Install it yourself: only its programs are needed, no running service.',
  );
}

main().catch((error) => {
  report(error);
  process.exitCode = 1;
});
