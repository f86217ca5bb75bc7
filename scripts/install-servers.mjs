import { spawnSync } from 'node:child_process';
import { findExecutable } from './executables.mjs';
import { say } from './stop.mjs';

/**
 * Debian starts a service as soon as its package is unpacked, and again at every boot. Skyflow runs its own server on its
 * own port, so a second one on the well-known port would be an open door that nobody asked for. A policy-rc.d that says
 * 101 ("not allowed") keeps the package scripts from starting it, and `systemctl disable` keeps the next boot from it.
 * The file denies only these services, so that even one left over by a kill -9 harms nothing else; the next run removes it.
 */
const aptScript = `
set -eu
policy=$1; shift
if [ ! -e "$policy" ] || grep -q 'skyflow-temporary' "$policy"; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM HUP
  cat > "$policy" <<'END'
#!/bin/sh
# skyflow-temporary: removed when the installation ends
case "$1" in redis*|nats*|postgresql*) exit 101 ;; esac
exit 0
END
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
apt-get -o DPkg::Lock::Timeout=120 update
apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
if [ -d /run/systemd/system ]; then
  for name in "$@"; do systemctl disable --now "$name" || true; done
fi
`;

/**
 * Installs packages with the system's package manager.
 * @param {Array<{ packages: Record<string, string> }>} missing
 * @param {{ policyFile?: string }} options
 * @returns {string} why it did not work, or 'the package manager did not bring it' when it claims to have worked
 */
export function installServers(missing, { policyFile = '/usr/sbin/policy-rc.d' }) {
  const manager = ['apt-get', 'dnf', 'brew'].find((name) => findExecutable([name]) !== undefined);
  if (manager === undefined) return 'neither apt-get nor dnf nor brew is here';
  const packages = missing.map((server) => server.packages[manager === 'apt-get' ? 'apt' : manager]);
  const prefix = manager === 'brew' ? [] : rootPrefix();
  if (prefix === undefined) return `${manager} needs root, and sudo is not here or asks for a password`;
  const commands = {
    'apt-get': ['sh', '-c', aptScript, 'skyflow-install', policyFile, ...packages],
    dnf: ['dnf', 'install', '-y', ...packages],
    brew: ['brew', 'install', ...packages],
  };
  const how = [...prefix, manager].join(' ');
  say(`installing ${packages.join(' and ')} with \`${how}\`, as programs only: no system service is left running ...`);
  const [command, ...args] = [...prefix, ...commands[manager]];
  const result = spawnSync(command, args, { stdio: ['inherit', 2, 2] });
  if (result.error) return `${command} could not be started (${result.error.code})`;
  if (result.status !== 0)
    return `${manager} failed (${result.signal ?? `exit ${result.status}`}); its own words are above`;
  return 'the package manager did not bring it';
}

/** What to put before a command that needs root: nothing as root, else sudo, which may ask only where somebody can answer. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (findExecutable(['sudo']) === undefined) return undefined;
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return ['sudo', '-n'];
  return process.stdin.isTTY && process.stderr.isTTY ? ['sudo'] : undefined;
}
