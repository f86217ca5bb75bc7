import { readFile, stat } from 'node:fs/promises';
import { errorCode, UserError } from '#pkg/runtime/errors.ts';

/**
 * The text of a file that may hold secrets: it must be readable by its owner only.
 *
 * @param flag the option that named it, for messages: `--env-file`
 * @throws UserError where others can read it, or it cannot be read
 */
export async function readPrivateFile(file: string, flag: string): Promise<string> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      throw new UserError(`${file} may hold passwords, but others on this machine can read it.`, {
        hint: `Run: chmod 600 ${file}`,
      });
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = errorCode(error) === 'ENOENT' ? 'there is no such file' : 'it cannot be read';
    throw new UserError(`${flag} ${file}: ${reason}.`, { hint: 'Give the path of a file you own.', cause: error });
  }
}
