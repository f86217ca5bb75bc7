/**
 * An end that the reader can act on: one sentence of what is wrong, one of what to do.
 * The scripts print it without a stack and exit 1.
 */
export class Stop extends Error {
  /**
   * @param {string} message what is wrong, one sentence
   * @param {string} hint what to do next
   */
  constructor(message, hint) {
    super(message);
    this.name = 'Stop';
    this.hint = hint;
  }
}

/**
 * Progress for people goes to stderr, so that `skyflow sql ... | jq` reads only results.
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`skyflow: ${line}\n`);
}

/**
 * Prints a Stop as its two sentences and anything else with its stack, since that one is our bug.
 * @param {unknown} error
 */
export function report(error) {
  if (error instanceof Stop) {
    say(error.message);
    say(error.hint);
  } else {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  }
}
