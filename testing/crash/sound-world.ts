import { readFrame } from '#testing/oracle/frame.ts';
import { createWorld, type SimFrame, type World, type WorldOptions } from '#testing/simulator/world.ts';

/**
 * A world in which no record is created where one stands: that never happens in a repository. It would happen here where
 * the delete between two creates of one key was damaged beyond reading. Such a create says `update` instead.
 *
 * (An index that only ever saw two creates counts both their subjects: see the edges' migration for what it would cost to
 * look for an older create at each of them.)
 */
export const createSoundWorld = (options: WorldOptions): World => {
  const world = createWorld(options);
  const standing = new Map<string, string>();
  const sound = (frame: SimFrame): SimFrame => {
    const read = readFrame(frame.text);
    if (read.is !== 'record') return frame;
    const uri = `${read.did}/${read.collection}/${read.rkey}`;
    const rev = standing.get(uri);
    if (read.content === null) standing.delete(uri);
    else standing.set(uri, read.rev);
    if (rev === undefined || rev === read.rev || read.content === null) return frame;
    return { ...frame, text: frame.text.replace('"operation":"create"', '"operation":"update"') };
  };
  return {
    next: (atUs) => sound(world.next(atUs)),
    nowUs: () => world.nowUs(),
    accounts: () => world.accounts(),
  };
};
