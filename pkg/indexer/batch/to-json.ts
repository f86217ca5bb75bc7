/** What is still to be written: text as it is, or a value. */
type Pending = { readonly text: string } | { readonly value: unknown };

const inside = (value: object): Pending[] => {
  if (Array.isArray(value)) {
    const elements = value.flatMap((element, at): Pending[] => [{ text: at === 0 ? '' : ',' }, { value: element }]);
    return [{ text: '[' }, ...elements, { text: ']' }];
  }
  const fields = Object.entries(value).flatMap(([name, field], at): Pending[] => [
    { text: `${at === 0 ? '' : ','}${JSON.stringify(name)}:` },
    { value: field },
  ]);
  return [{ text: '{' }, ...fields, { text: '}' }];
};

const withoutRecursion = (whole: unknown): string => {
  const parts: string[] = [];
  const pending: Pending[] = [{ value: whole }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if ('text' in next) parts.push(next.text);
    else if (typeof next.value !== 'object' || next.value === null) parts.push(JSON.stringify(next.value) ?? 'null');
    else for (const part of inside(next.value).toReversed()) pending.push(part);
  }
  return parts.join('');
};

/**
 * The text of a value that came out of JSON. `JSON.parse` reads any depth, `JSON.stringify` overflows the stack at a few
 * thousand levels: one post with 10,000 brackets would otherwise end the indexer, and again after every restart.
 */
export const toJson = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? '';
  } catch (error) {
    if (error instanceof RangeError) return withoutRecursion(value);
    throw error;
  }
};
