/** Which subjects are meant: exactly one, or all that begin alike. Both undefined: all there are. */
export interface SubjectChoice {
  readonly exact: string | undefined;
  readonly prefix: string | undefined;
}

const ALL: SubjectChoice = { exact: undefined, prefix: undefined };

/**
 * Reads a subject as an operator writes it: `events.xp.earned`, or `events.xp.>` for all that begin so; with `dlq.` before
 * it the same. Undefined for what is neither.
 */
export const readSubject = (text: string | undefined): SubjectChoice | undefined => {
  if (text === undefined) return ALL;
  const subject = text.startsWith('dlq.') ? text.slice('dlq.'.length) : text;
  if (subject === '>') return ALL;
  if (!/^[^\s.*>]+(?:\.[^\s.*>]+)*(?:\.>)?$/.test(subject)) return undefined;
  return subject.endsWith('.>')
    ? { exact: undefined, prefix: subject.slice(0, -1) }
    : { exact: subject, prefix: undefined };
};
