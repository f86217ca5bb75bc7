import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a program that was run to its end behaved. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** What `npm ci` does where there is no network: it says how it was called and makes the two things we look at. */
const STUB_NPM = `#!/bin/sh
echo "$@" >> "$CALLS/npm"
env > "$CALLS/npm-env"
echo "npm says hello"
[ -e "$CALLS/npm-fails" ] && exit 1
[ -e "$CALLS/npm-is-slow" ] && sleep 0.5
mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json
`;

/**
 * A checkout with the real scripts in a temporary folder, a program that only tells how it was started, and a PATH that
 * holds stand-ins for npm and whatever else a test puts there.
 */
export class Checkout {
  /** Holds everything; has a space and a quote in its name. */
  readonly base = mkdtempSync(join(tmpdir(), "skyflow checkout's "));
  readonly root = join(this.base, 'repo');
  readonly #bin = join(this.base, 'bin');
  readonly #calls = join(this.base, 'calls');

  constructor() {
    for (const folder of [this.#bin, this.#calls, join(this.root, 'scripts'), join(this.root, '.ci')]) {
      mkdirSync(folder, { recursive: true });
    }
    const own = dirname(fileURLToPath(import.meta.url));
    for (const name of readdirSync(own).filter((file) => file.endsWith('.mjs'))) {
      cpSync(join(own, name), join(this.root, 'scripts', name));
    }
    cpSync(join(own, '..', '.ci', 'run'), join(this.root, '.ci', 'run'));
    this.lock({ 'node_modules/ws': { version: '1.0.0', integrity: 'sha512-x' } });
    this.stub('npm', STUB_NPM);
    this.program(
      `console.log(JSON.stringify({ argv: process.argv.slice(2), noInstall: process.env.SKYFLOW_NO_INSTALL }));`,
    );
  }

  /** The main program's code. */
  program(code: string): void {
    this.write('cmd/skyflow/main.ts', code);
  }

  /** The packages in package-lock.json. */
  lock(packages: Record<string, object>): void {
    this.write('package-lock.json', JSON.stringify({ packages: { '': { name: 'x' }, ...packages } }));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** Puts a program into the PATH. */
  stub(name: string, script: string): void {
    writeFileSync(join(this.#bin, name), script);
    chmodSync(join(this.#bin, name), 0o755);
  }

  /** Marks something for the stubs to see, as `$CALLS/name`. */
  mark(name: string): void {
    writeFileSync(join(this.#calls, name), '');
  }

  unmark(name: string): void {
    rmSync(join(this.#calls, name), { force: true });
  }

  /** The lines a stub wrote about its calls. */
  calls(name: string): string[] {
    const file = join(this.#calls, name);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  }

  environment(extra: Record<string, string> = {}, path = `${this.#bin}:/usr/bin:/bin`): Record<string, string> {
    return { PATH: path, CALLS: this.#calls, HOME: this.base, TMPDIR: this.base, ...extra };
  }

  /** Only what the tests put there: no shell either. */
  get stubsOnly(): string {
    return this.#bin;
  }

  /** Runs this Node with these arguments, in the checkout. */
  start(args: string[], env: Record<string, string> = this.environment()) {
    return spawn(process.execPath, args, { cwd: this.root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async run(args: string[], env: Record<string, string> = this.environment()): Promise<Outcome> {
    return finish(this.start(args, env));
  }

  /** `node scripts/skyflow.mjs ...args`. */
  skyflow(args: string[], extra: Record<string, string> = {}): Promise<Outcome> {
    return this.run(['scripts/skyflow.mjs', ...args], this.environment(extra));
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** Waits for a program's end and all it said. */
export async function finish(child: ReturnType<Checkout['start']>): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
