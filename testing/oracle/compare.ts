/** How many differences there are, and the first of them in words. */
export interface Comparison {
  /** All differences; where a whole entry is missing or superfluous it counts as one. */
  total: number;
  /** The first ones, e.g. `posts / at://... / text: expected "a", found "b"`. */
  messages: string[];
}

export interface CompareOptions {
  /** Messages to write out; further differences are only counted. 20 unless told. */
  maxMessages?: number;
  /** Names of fields whose lists are compared as bags: repetitions count, order does not. */
  unordered?: readonly string[];
}

const maxShownChars = 160;

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value for a message: short, with Maps and Sets in readable form. */
const show = (value: unknown): string => {
  const text =
    typeof value === 'bigint' || value === undefined
      ? String(value)
      : JSON.stringify(value, (_key, inner: unknown) => {
          if (inner instanceof Map) return Object.fromEntries(inner as Map<string, unknown>);
          if (inner instanceof Set) return [...inner];
          return typeof inner === 'bigint' ? String(inner) : inner;
        });
  return text.length > maxShownChars ? `${text.slice(0, maxShownChars)}...` : text;
};

/** A collection as key and value pairs: Sets hold each member under itself. */
const entriesOf = (value: unknown): Map<string, unknown> | undefined => {
  if (value instanceof Map)
    return new Map([...(value as Map<unknown, unknown>)].map(([key, one]) => [String(key), one]));
  if (value instanceof Set) return new Map([...(value as Set<unknown>)].map((one) => [show(one), one]));
  if (Array.isArray(value)) return new Map(value.map((one: unknown, index) => [String(index), one]));
  return isPlain(value) ? new Map(Object.entries(value)) : undefined;
};

const typeOf = (value: unknown): string => {
  if (value instanceof Map) return 'map';
  if (value instanceof Set) return 'set';
  if (Array.isArray(value)) return 'list';
  return value === null ? 'null' : typeof value;
};

class Comparer {
  readonly comparison: Comparison = { total: 0, messages: [] };
  readonly #maxMessages: number;
  readonly #unordered: ReadonlySet<string>;

  constructor({ maxMessages = 20, unordered = [] }: CompareOptions) {
    this.#maxMessages = maxMessages;
    this.#unordered = new Set(unordered);
  }

  #differ(path: readonly string[], message: string): void {
    this.comparison.total += 1;
    if (this.comparison.messages.length >= this.#maxMessages) return;
    this.comparison.messages.push(`${path.length === 0 ? 'answer' : path.join(' / ')}: ${message}`);
  }

  compare(path: readonly string[], expected: unknown, found: unknown): void {
    const wanted = entriesOf(expected);
    const given = entriesOf(found);
    if (wanted === undefined || given === undefined || typeOf(expected) !== typeOf(found)) {
      if (!Object.is(expected, found)) this.#differ(path, `expected ${show(expected)}, found ${show(found)}`);
      return;
    }
    if (Array.isArray(expected) && Array.isArray(found) && this.#unordered.has(path.at(-1) ?? '')) {
      const [left, right] = [expected, found].map((list) => list.map(show).sort());
      if (left?.join() !== right?.join())
        this.#differ(path, `expected ${show(expected)} in any order, found ${show(found)}`);
      return;
    }
    for (const [key, one] of wanted) {
      if (given.has(key)) this.compare([...path, key], one, given.get(key));
      else this.#differ([...path, key], `missing, expected ${show(one)}`);
    }
    for (const [key, one] of given)
      if (!wanted.has(key)) this.#differ([...path, key], `not expected, found ${show(one)}`);
  }
}

/**
 * Compares two answers made of Maps, Sets, lists, plain objects and simple values, all the way down.
 * Nothing is converted: a number and its text are different.
 */
export const compareAnswers = (expected: unknown, found: unknown, options: CompareOptions = {}): Comparison => {
  const comparer = new Comparer(options);
  comparer.compare([], expected, found);
  return comparer.comparison;
};

/** A comparison in words: empty when there is no difference. */
export const describeComparison = ({ total, messages }: Comparison): string => {
  if (total === 0) return '';
  const rest = total - messages.length;
  return [`${total} differences`, ...messages, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
};
