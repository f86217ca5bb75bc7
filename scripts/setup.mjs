import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withSetupLock } from './setup-lock.mjs';
import { Stop, say } from './stop.mjs';

/**
 * Makes the locked packages be there. Costs one hash when they are.
 * @param {{ root: string, noInstall: boolean, needDev: boolean }} options needDev: the tests' packages too
 */
export async function ensurePackages(options) {
  const { root } = options;
  if (isFresh(root)) return;
  await withSetupLock(root, () => {
    // Another start may have done the work while this one waited for the lock.
    if (isFresh(root)) return;
    if (!installedByHand(options)) {
      if (options.noInstall) {
        throw new Stop(
          'The locked packages are not installed, and installing is switched off (--no-install or SKYFLOW_NO_INSTALL).',
          `Run \`npm ci\` in ${root}, then start again.`,
        );
      }
      install(root);
    }
    writeFileSync(stampFile(root), fingerprint(root));
  });
}

const stampFile = (root) => join(root, 'node_modules', '.skyflow-setup');

function fingerprint(root) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return `${lock} ${process.platform} ${process.arch}\n`;
}

function isFresh(root) {
  try {
    return readFileSync(stampFile(root), 'utf8') === fingerprint(root);
  } catch {
    return false;
  }
}

/**
 * True when somebody ran `npm ci` themselves: npm's own record of what it installed agrees with the lock.
 * A package that is optional may be missing (other platforms), and a development one when only running.
 */
function installedByHand({ root, noInstall, needDev }) {
  try {
    const wanted = readPackages(join(root, 'package-lock.json'));
    const present = readPackages(join(root, 'node_modules', '.package-lock.json'));
    const mayMiss = (entry) => entry.optional || entry.devOptional || (entry.dev && noInstall && !needDev);
    return Object.entries(wanted).every(([path, entry]) => {
      const found = present[path];
      if (path === '' || (found === undefined && mayMiss(entry))) return true;
      return found?.version === entry.version && found?.integrity === entry.integrity;
    });
  } catch {
    return false;
  }
}

const readPackages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

function install(root) {
  // A half-done install must never look finished: npm empties the folder itself, but not if it fails to start.
  rmSync(stampFile(root), { force: true });
  say('installing the locked packages with `npm ci` (some hundred megabytes on disk; only this once) ...');
  const startedMs = Date.now();
  const args = ['ci', '--include=dev', '--include=optional', '--engine-strict=false', '--no-audit', '--no-fund'];
  const result = spawnSync('npm', [...args, '--loglevel=error'], {
    cwd: root,
    // npm's stdout joins stderr: ours belongs to the command that the user asked for.
    stdio: ['ignore', 2, 2],
    env: environmentForNpm(root, process.env),
  });
  if (result.error) {
    throw new Stop(
      `npm could not be started (${result.error.code}).`,
      `Install npm, or run \`npm ci\` in ${root} by other means.`,
    );
  }
  if (result.status !== 0) {
    throw new Stop(
      `\`npm ci\` failed (${result.signal ?? `exit ${result.status}`}); its own words are above.`,
      'Check the network and the free disk space, then start again: it takes up where it failed.',
    );
  }
  say(`packages installed in ${((Date.now() - startedMs) / 1000).toFixed(0)} s.`);
}

/** Settings of an outer npm that would make an inner `npm ci` install less, elsewhere or not at all. */
const leaks =
  /^npm_(config_(local_prefix|prefix|global|global_prefix|location|omit|include|only|also|production|dev|optional|dry_run|install|save.*|package_lock.*|workspaces?|include_workspace_root|install_strategy|global_style|legacy_bundling|ignore_scripts|allow_scripts|script_shell|loglevel|silent|json)$|package_|lifecycle_|command$|execpath$|node_execpath$)/i;

/**
 * Started by `npm start`, we carry that npm's settings and its PATH. The inner npm must run on the system's Node, not on
 * the bundled one in node_modules/.bin: it is about to delete that folder.
 */
function environmentForNpm(root, env) {
  const kept = Object.entries(env).filter(([name]) => !leaks.test(name) && name !== 'NODE_ENV');
  const ownBin = join(root, 'node_modules', '.bin');
  const path = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== ownBin);
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) };
}
