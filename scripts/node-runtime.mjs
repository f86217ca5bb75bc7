import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Stop } from './stop.mjs';

/** Below this, Node does not run our TypeScript files as they are. */
const oldestMajor = 24;

/**
 * The Node to run Skyflow with: this one where it is new enough, else the one among the locked packages.
 * @param {string} root the checkout
 * @returns {string} path of the executable
 */
export function pickNode(root) {
  if (Number(process.versions.node.split('.')[0]) >= oldestMajor) return process.execPath;
  const bundled = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(bundled)) return bundled;
  throw tooOld();
}

/** What to say when neither the system's Node nor a bundled one can run Skyflow. */
export function tooOld() {
  return new Stop(
    `Skyflow needs Node ${oldestMajor} or newer, this is ${process.versions.node}, and no bundled Node fits ${process.platform} on ${process.arch}.`,
    process.platform === 'darwin'
      ? 'Run `brew install node`, then start again.'
      : 'Install a current Node from https://nodejs.org/en/download, then start again.',
  );
}

/** Arguments that go before the script: older 24.x releases print a warning about TypeScript that is not for users. */
export const nodeFlags = ['--disable-warning=ExperimentalWarning'];
