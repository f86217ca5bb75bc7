import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UserError } from '#pkg/runtime/errors.ts';
import { readPrivateFile } from '#pkg/runtime/private-file.ts';

const mostChars = 512;

/**
 * A password from a file that only its owner can read, else from the terminal, where it is not shown. Never from an argument
 * or the environment: others on the machine can read those.
 */
export const readPassword = async (file: string | undefined, account: string): Promise<string> => {
  const text =
    file === undefined
      ? await askHidden(`App password of ${account}: `)
      : await readPrivateFile(file, '--password-file');
  const password = text.replace(/\r?\n$/, '');
  if (password !== '' && password.length <= mostChars && !/[\r\n]/.test(password)) return password;
  throw new UserError(file === undefined ? 'No password was given.' : `${file} does not hold a password in one line.`, {
    hint: 'An app password looks like xxxx-xxxx-xxxx-xxxx. Make one in Bluesky: Settings, Privacy and security, App passwords.',
  });
};

/** Asks yes or no; only a yes is one. @throws UserError where there is no terminal to ask on */
export const confirm = async (question: string): Promise<boolean> => {
  requireTerminal(
    'Nothing was written: there is no terminal to ask on.',
    'Add --yes to do it without being asked, or --dry-run to only look.',
  );
  const answer = await ask(`${question} [y/N] `, process.stderr);
  return /^y(?:es)?$/i.test(answer.trim());
};

const askHidden = async (question: string): Promise<string> => {
  requireTerminal('There is no terminal to ask for the app password on.', 'Give --password-file FILE (chmod 600).');
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answer = await ask('', nowhere).finally(() => process.stderr.write('\n'));
  return answer;
};

const requireTerminal = (message: string, hint: string): void => {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw new UserError(message, { hint });
};

/** Ctrl-C and Ctrl-D end the command, as anywhere else. */
const ask = async (question: string, output: NodeJS.WritableStream): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const stopped = new AbortController();
  lines.on('SIGINT', () => stopped.abort());
  lines.on('close', () => stopped.abort());
  try {
    return await lines.question(question, { signal: stopped.signal });
  } catch (cause) {
    throw new UserError('Stopped; nothing was written.', { hint: 'Run it again when you like.', exitCode: 130, cause });
  } finally {
    lines.close();
  }
};
