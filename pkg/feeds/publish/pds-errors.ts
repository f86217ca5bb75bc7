import { XRPCError } from '@atproto/api';
import { UserError } from '#pkg/runtime/errors.ts';

const inactive = new Set([
  'AccountTakedown',
  'AccountDeactivated',
  'AccountSuspended',
  'RepoTakendown',
  'RepoDeactivated',
  'RepoSuspended',
]);

export const appPasswordHint = 'Make one in Bluesky: Settings, Privacy and security, App passwords.';

/** What a PDS refused, or that it did not answer, for the person at the keyboard. Anything that is no answer of one comes out as it is. */
export const explainPds = (error: unknown, account: string): unknown => {
  if (!(error instanceof XRPCError)) return error;
  const say = (message: string, hint: string): UserError => new UserError(message, { hint, cause: error });
  const status: number = error.status;
  if (error.error === 'AuthFactorTokenRequired') {
    return say(
      `${account} signs in with a second factor, which cannot be asked for here.`,
      `${appPasswordHint} It needs no second factor.`,
    );
  }
  if (inactive.has(error.error)) return inactiveAccount(account, error);
  if (error.error === 'InvalidSwap') {
    return say(
      'The record was changed by another program in the meantime; nothing was written.',
      'Run it again: it shows what is different now.',
    );
  }
  if (status === 429)
    return say(
      `The PDS of ${account} asks to wait${until(error)}.`,
      'Wait, then run it again. What was published stays so.',
    );
  if (status === 401 || error.error === 'AuthenticationRequired') {
    return say(`The PDS does not take this password for ${account}.`, `Check it. ${appPasswordHint}`);
  }
  if (status >= 400 && status < 500) {
    return say(
      `The PDS of ${account} refuses: ${sentence(error.message)}`,
      'Look at the record above, and whether the password may write to the repository.',
    );
  }
  return say(
    `The PDS of ${account} gave no usable answer.`,
    'Check the connection, then run it again: what is published already is left as it is. A PDS on a private address needs --allow-private-hosts.',
  );
};

export const inactiveAccount = (account: string, cause?: unknown): UserError =>
  new UserError(`The account ${account} is not active: deactivated, suspended or taken down.`, {
    hint: 'Sign in with an app of Bluesky to see why, or publish under another account.',
    cause,
  });

const until = (error: XRPCError): string => {
  const reset = Number(error.headers?.['ratelimit-reset']);
  return Number.isSafeInteger(reset) && reset > 0 && reset < 1e11
    ? ` until ${new Date(reset * 1000).toISOString()}`
    : '';
};

/** Another server's words: one line, no control characters, an end. */
const sentence = (text: string): string => {
  const line = text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, 300);
  return /[.!?]$/.test(line) ? line : `${line}.`;
};
