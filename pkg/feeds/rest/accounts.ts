import { isDid } from '#pkg/atproto/syntax.ts';
import { type Directory, type IdentityProblem, isIdentityProblem } from '#pkg/identity/directory.ts';

/** DIDs in the order of what was given, or why there are none. */
export type Resolved = readonly string[] | IdentityProblem;

/** Each asks other servers: more at once would keep the directory from everybody else. */
export const MAX_HANDLES = 500;
const AT_ONCE = 16;

/** Reads DIDs and handles. DIDs stand for themselves; the first handle that leads nowhere ends it. */
export async function resolveAccounts(directory: Directory, named: readonly string[]): Promise<Resolved> {
  const handles = [...new Set(named.filter((name) => !isDid(name)))];
  if (handles.length > MAX_HANDLES) {
    return { problem: 'invalid', message: `there are more than ${MAX_HANDLES} handles: send DIDs, or fewer at once` };
  }
  const dids = new Map<string, string>();
  for (let from = 0; from < handles.length; from += AT_ONCE) {
    const part = handles.slice(from, from + AT_ONCE);
    const answers = await Promise.all(part.map((handle) => directory.resolve(handle)));
    for (const [index, answer] of answers.entries()) {
      const handle = part[index] ?? '';
      if (isIdentityProblem(answer)) return { ...answer, message: `${handle.slice(0, 100)}: ${answer.message}` };
      dids.set(handle, answer.did);
    }
  }
  return [...new Set(named.map((name) => dids.get(name) ?? name))];
}
