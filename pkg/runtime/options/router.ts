import { z } from 'zod';
import { flag, optional } from '#pkg/runtime/options/option.ts';
import { text } from '#pkg/runtime/options/values.ts';
import { parseDuration } from '#pkg/runtime/quantities.ts';

/** All commands about dead letters and the audit log: they ask the running process, or open the stores themselves. */
export const ROUTER = ['replay', 'dlq list', 'dlq show', 'trace', 'audit'] as const;

/** Since when: so long before now, or a moment (ms since 1970). */
export type Since = { readonly agoMs: number } | { readonly atMs: number };

/** A day, or a moment; without a zone it is UTC, as everything that Skyflow prints. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** `2h`, `2026-01-31` or `2026-01-31T09:05Z`. */
const since = z.string().transform((value, context): Since => {
  const agoMs = parseDuration(value);
  if (agoMs !== undefined) return { agoMs };
  const atMs = MOMENT.test(value) ? momentOf(value) : Number.NaN;
  if (!Number.isNaN(atMs) && atMs >= 0) return { atMs };
  context.addIssue({
    code: 'custom',
    message: 'expected a duration such as 2h or 7d, or a time such as 2026-01-31T09:05Z',
  });
  return z.NEVER;
});

function momentOf(value: string): number {
  const iso = value.replace(' ', 'T');
  return Date.parse(iso.includes('T') && !/(?:Z|[+-]\d{2}:\d{2})$/.test(iso) ? `${iso}Z` : iso);
}

/** Options of dead letters and of the audit log. */
export const ROUTER_OPTIONS = {
  'event-id': optional({
    env: 'SKYFLOW_ROUTER_EVENT_ID',
    arg: '<id>',
    parse: text,
    help: 'the dead letters of one event',
    commands: ['replay'],
  }),
  subject: optional({
    env: 'SKYFLOW_ROUTER_SUBJECT',
    arg: '<subject>',
    parse: text,
    defaultText: 'any',
    help: 'only this subject; one that ends in .> stands for all that begin so',
    commands: ['replay', 'dlq list', 'audit'],
  }),
  since: optional({
    env: 'SKYFLOW_ROUTER_SINCE',
    arg: '<time>',
    parse: since,
    defaultText: 'any time',
    help: 'only from then on: 2h, 7d, or a time in UTC such as 2026-01-31T09:05',
    commands: ['replay', 'dlq list', 'audit'],
  }),
  about: optional({
    env: 'SKYFLOW_ROUTER_ABOUT',
    arg: '<id>',
    parse: text,
    defaultText: 'anything',
    help: 'only what is about this user (DID) or analysis',
    commands: ['audit'],
  }),
  again: flag({
    env: 'SKYFLOW_ROUTER_AGAIN',
    help: 'those too that were replayed before',
    commands: ['replay'],
  }),
};
