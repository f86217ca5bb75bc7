import { request as httpRequest } from 'node:http';
import type { z } from 'zod';
import { errorCode, UserError } from '#pkg/runtime/errors.ts';
import { parseJson } from '#pkg/runtime/json.ts';
import { type FeedsAction, feedsOutcome, type FeedsOutcome, type FeedsRequestOf } from './feeds.ts';
import {
  type AnalyzeOutcome,
  analyzeOutcome,
  type AnalyzeRequest,
  type SqlOutcome,
  type SqlRequest,
  sqlProblem,
} from './protocol.ts';
import { type PlayersAction, playersOutcome, type PlayersOutcome, type PlayersRequestOf } from './players.ts';
import { type RouterAction, routerOutcome, type RouterOutcome, type RouterRequestOf } from './router.ts';

/** Nobody listens on the socket: no process holds the data folder, or it is one that was killed. */
const nobody = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK']);

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks the process that holds the data folder to carry out a statement; undefined when there is none. */
export const askSql = async (path: string, request: SqlRequest): Promise<SqlOutcome | undefined> => {
  const answer = await ask(path, { method: 'POST', route: '/sql', body: JSON.stringify(request) });
  if (answer === undefined) return undefined;
  if (answer.status === 200) return { ok: true, output: answer.body };
  const problem = sqlProblem.safeParse(parseJson(answer.body));
  if (!problem.success) throw notUnderstood(path, answer.status);
  if (answer.status !== 400) {
    throw new UserError(`The running Skyflow could not answer: ${problem.data.message}.`, {
      hint: 'Look at its log; restart it where it is of another version.',
    });
  }
  return { ok: false, problem: problem.data };
};

/** Asks the process that holds the data folder how it is doing; undefined when there is none. */
export const askStatus = async (path: string): Promise<unknown> => {
  const answer = await ask(path, { method: 'GET', route: '/status' });
  if (answer === undefined) return undefined;
  if (answer.status === 200) return parseJson(answer.body);
  throw failed(path, answer);
};

/** Asks the process that holds the data folder to look through lenses; undefined when there is none. */
export const askAnalyze = async (path: string, request: AnalyzeRequest): Promise<AnalyzeOutcome | undefined> => {
  const answer = await ask(path, { method: 'POST', route: '/analyze', body: JSON.stringify(request) });
  if (answer === undefined) return undefined;
  if (answer.status !== 200) throw failed(path, answer);
  const outcome = analyzeOutcome.safeParse(parseJson(answer.body));
  if (!outcome.success) throw notUnderstood(path, answer.status);
  return outcome.data;
};

/** Asks the process that holds the data folder something about feeds; undefined when there is none. */
export const askFeeds = <A extends FeedsAction>(
  path: string,
  request: FeedsRequestOf<A>,
): Promise<FeedsOutcome<A> | undefined> =>
  askOrder(path, { route: '/feeds', request, absent: 'serves no feeds' }, feedsOutcome<A>(request.action));

/** Asks the process that holds the data folder about dead letters and the audit log; undefined when there is none. */
export const askRouter = <A extends RouterAction>(
  path: string,
  request: RouterRequestOf<A>,
): Promise<RouterOutcome<A> | undefined> =>
  askOrder(path, { route: '/router', request, absent: 'audits nothing' }, routerOutcome<A>(request.action));

/** Gives the process that holds the data folder an order about users; undefined when there is none. */
export const askPlayers = <A extends PlayersAction>(
  path: string,
  request: PlayersRequestOf<A>,
): Promise<PlayersOutcome<A> | undefined> =>
  askOrder(path, { route: '/players', request, absent: 'counts nothing' }, playersOutcome<A>(request.action));

/** `absent`: what a process does not do that has no such route, as in "The running Skyflow serves no feeds". */
const askOrder = async <T>(
  path: string,
  { route, request, absent }: { readonly route: string; readonly request: object; readonly absent: string },
  schema: z.ZodType<T>,
): Promise<T | undefined> => {
  const answer = await ask(path, { method: 'POST', route, body: JSON.stringify(request) });
  if (answer === undefined) return undefined;
  if (answer.status === 404) {
    throw new UserError(`The running Skyflow ${absent}.`, { hint: 'Restart it: it is of another version.' });
  }
  if (answer.status !== 200) throw failed(path, answer);
  const outcome = schema.safeParse(parseJson(answer.body));
  if (!outcome.success) throw notUnderstood(path, answer.status);
  return outcome.data;
};

const failed = (path: string, { status, body }: Answer): UserError => {
  const problem = sqlProblem.safeParse(parseJson(body));
  if (!problem.success) return notUnderstood(path, status);
  return new UserError(`The running Skyflow could not answer: ${problem.data.message}.`, { hint: 'Look at its log.' });
};

const notUnderstood = (path: string, status: number): UserError =>
  new UserError(`What listens on ${path} does not answer like Skyflow (HTTP ${status}).`, {
    hint: 'Stop that process, or choose another folder with --data-dir.',
  });

const ask = (path: string, call: { method: string; route: string; body?: string }): Promise<Answer | undefined> =>
  new Promise((resolve, reject) => {
    const { method, route, body } = call;
    const outgoing = httpRequest({ socketPath: path, method, path: route, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.on('error', (error) => {
      if (nobody.has(errorCode(error) ?? '')) resolve(undefined);
      else if (errorCode(error) === 'EACCES') reject(foreign(path, error));
      else reject(error);
    });
    if (body !== undefined) outgoing.setHeader('content-type', 'application/json');
    outgoing.end(body);
  });

const foreign = (path: string, cause: unknown): UserError =>
  new UserError(`${path} belongs to another user.`, { hint: 'Run this as the user who runs Skyflow.', cause });
