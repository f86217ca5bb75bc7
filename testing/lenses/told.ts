import { Oracle } from '#testing/oracle/oracle.ts';
import type { FrameLog } from '#testing/simulator/frame-log.ts';

/** An oracle that was told these frames; throws where it takes one for nonsense, as a story's are not. */
export const told = (frames: readonly string[]): Oracle => {
  const oracle = new Oracle();
  for (const frame of frames)
    if (oracle.apply(frame) !== 'ok') throw new Error(`a frame was dropped: ${frame.slice(0, 300)}`);
  return oracle;
};

/** The same of frames among which there may be nonsense. */
export const toldAnything = (frames: readonly string[]): Oracle => {
  const oracle = new Oracle();
  for (const frame of frames) oracle.apply(frame);
  return oracle;
};

/** What a simulated network has served so far. */
export const framesOf = (log: FrameLog): string[] =>
  Array.from({ length: log.end - log.start }, (_, at) => log.at(log.start + at)?.data.toString('utf8') ?? '');
