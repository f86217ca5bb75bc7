/**
 * A place in the REALTIME stream. `incarnation` names one life of the stream: it is kept in memory, so a restart of NATS
 * makes a new one whose sequence begins at 1 again, and an id of the old one must not be taken for a place in the new.
 */
export interface Position {
  readonly incarnation: string;
  /** Of the last event that the holder of this position has; 0 before the first. */
  readonly sequence: number;
}

const SHAPE = /^([0-9a-z]{1,16})-(0|[1-9][0-9]{0,15})$/;

/** The incarnation of a stream made at `createdMs`: that time in base 36. */
export const incarnationOf = (createdMs: number): string => Math.trunc(createdMs).toString(36);

/** `<incarnation>-<sequence>`, the `id:` of a frame. */
export const formatPosition = ({ incarnation, sequence }: Position): string => `${incarnation}-${sequence}`;

/** Reads an id back; undefined for anything that this gateway never wrote. */
export function parsePosition(text: string): Position | undefined {
  const match = SHAPE.exec(text);
  const sequence = Number(match?.[2]);
  if (match?.[1] === undefined || !Number.isSafeInteger(sequence)) return undefined;
  return { incarnation: match[1], sequence };
}
