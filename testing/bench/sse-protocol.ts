import { z } from 'zod';

/** What the bench tells its client and publisher processes: a JSON object a line on their standard input. */
export const command = z.discriminatedUnion('do', [
  /** Opens connections, `perToken` for each token. */
  z.object({ do: z.literal('connect'), port: z.number(), tokens: z.array(z.string()), perToken: z.number() }),
  /** Opens one that reads nothing after its first frame. */
  z.object({ do: z.literal('stall'), port: z.number(), token: z.string() }),
  /** Closes that one. */
  z.object({ do: z.literal('unstall') }),
  /** Answers when `count` more events have come since the last answer, or after `timeoutMs`. */
  z.object({ do: z.literal('collect'), count: z.number(), timeoutMs: z.number() }),
  /** Closes the first `count` connections. */
  z.object({ do: z.literal('leave'), count: z.number() }),
  /** Opens those again, with their last ids, and answers when each has got `each` events. */
  z.object({ do: z.literal('return'), each: z.number(), timeoutMs: z.number() }),
  /** Connects to this NATS; the URL holds its token and so comes this way only. */
  z.object({ do: z.literal('bus'), url: z.string() }),
  /** Publishes an event for each user, all at once, `times` over. */
  z.object({ do: z.literal('publish'), users: z.array(z.string()), times: z.number(), padding: z.number() }),
]);
export type Command = z.infer<typeof command>;

/** What they answer: one line for each command, in order. */
export const answer = z.object({
  /** Connections open, events come, events published: what the command is about. */
  count: z.number(),
  /** Of the events that came, from just before they were published until they were read. */
  latenciesMs: z.array(z.number()).default([]),
  missed: z.number().default(0),
});
export type Answer = z.infer<typeof answer>;

/** Milliseconds since 1970 with fractions, the same in all processes of a machine. */
export const preciseNowMs = (): number => performance.timeOrigin + performance.now();
