import { createHash } from 'node:crypto';
import { createRoute, type OpenAPIHono, type z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { SessionTokens } from '#pkg/session/store.ts';
import { typedHandle } from '#pkg/atproto/syntax.ts';
import { onRedis, StoreAwayError } from '#pkg/rest/away.ts';
import type { CoreContext } from '../context.ts';
import { clientAddress } from '#pkg/rest/address.ts';
import type { CoreEnv } from '../http/env.ts';
import { authenticate, limitRequests, take } from '../http/guards.ts';
import { bearerToken, tooMany, unauthenticated } from '#pkg/rest/answers.ts';
import { problem, problems, RETRY_SOON } from '#pkg/rest/problem.ts';
import { signInWithAppPassword } from '../sign-in/app-password.ts';
import type { SignInOutcome } from '../sign-in/outcome.ts';
import { signInWithServiceAuth } from '../sign-in/service-auth.ts';
import { recordSignIn } from '../store/users.ts';
import { EXAMPLES } from './examples.ts';
import { json, loginBody, refreshBody, tokensBody } from './schemas.ts';

const tags = ['Sign-in'];

const login = createRoute({
  method: 'post',
  path: '/api/v1/auth/login',
  operationId: 'signIn',
  tags,
  summary: 'Sign in',
  description: `With a service-auth token of your PDS (in the body or in Authorization), or with handle and app password, which are
checked against your own PDS and kept nowhere.

What \`error\` may say here besides the words below: 400 \`HandleMismatch\`, \`NoPds\`; 401 \`AppPasswordRequired\`, \`BadJwt\`,
\`BadJwtType\`, \`BadJwtIss\`, \`BadJwtAudience\`, \`BadJwtLexiconMethod\`, \`BadJwtSignature\`, \`JwtExpired\`, \`JwtLifetime\`,
\`JwtReplayed\`; 403 \`AccountInactive\`; 503 \`Busy\`.`,
  security: [],
  request: { body: { content: json(loginBody, EXAMPLES.login) } },
  responses: {
    200: { description: 'You are signed in.', content: json(tokensBody, EXAMPLES.tokens) },
    ...problems(400, 401, 403, 404, 413, 415, 429, 500, 502, 503),
  },
});

const refresh = createRoute({
  method: 'post',
  path: '/api/v1/auth/refresh',
  operationId: 'refresh',
  tags,
  summary: 'Get the next tokens',
  description: 'A refresh token is good once. If it is used again later, the session ends for everybody who has it.',
  security: [],
  request: { body: { content: json(refreshBody, EXAMPLES.refresh), required: true } },
  responses: {
    200: { description: 'The next tokens.', content: json(tokensBody, EXAMPLES.tokens) },
    ...problems(400, 401, 413, 415, 429, 500, 503),
  },
});

const logoutRoute = (core: CoreContext) =>
  createRoute({
    method: 'post',
    path: '/api/v1/auth/logout',
    operationId: 'signOut',
    tags,
    summary: 'Sign out',
    description: 'Ends this session: its tokens and tickets at once, its event streams within a minute. Others stay.',
    middleware: [authenticate(core), limitRequests(core)] as const,
    responses: { 204: { description: 'This session has ended.' }, ...problems(401, 413, 429, 500, 503) },
  });

const toBody = (tokens: SessionTokens) => ({
  access_token: tokens.accessToken,
  refresh_token: tokens.refreshToken,
  expires_at: tokens.expiresAt,
});

/** Redis is needed before anything is asked of a PDS: no sign-in goes uncounted, none ends half-way. */
function needRedis({ redis }: CoreContext): void {
  if (redis.status !== 'ready') throw new StoreAwayError('redis', new Error('not connected'));
}

/** POST auth/login, auth/refresh and auth/logout. */
export function addAuthRoutes(app: OpenAPIHono<CoreEnv>, core: CoreContext): void {
  app.openapi(login, async (c) => {
    needRedis(core);
    const { requestId: correlationId } = c.var;
    const tooManyHere = await takeLogin(c, core);
    if (tooManyHere !== undefined) return tooManyHere;
    const body = c.req.valid('json');
    const password = isPassword(body) ? body : undefined;
    const token = 'token' in body ? body.token : bearerToken(c);
    // Two ways at once would let one prove who the other says.
    if ((password === undefined) === (token === undefined)) return problem(c, 400, CHOOSE_ONE);
    if (password !== undefined) {
      const tooManyFor = await takeIdentifier(c, core, password.identifier);
      if (tooManyFor !== undefined) return tooManyFor;
    }
    const outcome = await (password === undefined ? byToken(core, token ?? '') : byPassword(core, password));
    if (!outcome.ok) {
      const { status, error, message } = outcome.problem;
      core.events.signIn(status >= 500 ? 'unavailable' : 'refused', { correlationId, error });
      if (status === 429) return tooMany(c, message, PDS_RETRY_MS);
      return problem(c, status, { error, message }, status === 503 ? RETRY_SOON : {});
    }
    const { did, handle } = outcome;
    const nowMs = core.clock.nowMs();
    const signIn = { did, handle, referrer: body.referrer, correlationId, nowMs };
    const { registered, events } = await recordSignIn(core.postgres, signIn);
    core.relay.offer(events);
    const tokens = await onRedis(core.sessions.create({ userId: did, handle }));
    core.events.signIn(registered ? 'registered' : 'signed_in', { correlationId, userId: did });
    return c.json(toBody(tokens), 200);
  });

  app.openapi(refresh, async (c) => {
    needRedis(core);
    const limited = await takeRequest(c, core);
    if (limited !== undefined) return limited;
    const outcome = await onRedis(core.sessions.refresh(c.req.valid('json').refresh_token));
    if (outcome.kind === 'rotated') return c.json(toBody(outcome), 200);
    if (outcome.kind === 'reused') core.events.refreshReused(c.var.requestId, outcome.userId);
    // The same words for both: who holds a stolen token need not learn that it was noticed.
    return unauthenticated(c, 'InvalidToken', 'This refresh token is not good, or no longer. Sign in again.');
  });

  app.openapi(logoutRoute(core), async (c) => {
    await onRedis(core.sessions.revoke(c.var.session.sid));
    return c.body(null, 204);
  });
}

const isPassword = (body: z.infer<typeof loginBody>): body is { identifier: string; password: string } =>
  'password' in body;

const CHOOSE_ONE = {
  error: 'InvalidRequest',
  message: 'Send one of: a service-auth token, in the body or in Authorization; or identifier and password.',
};
/** The other server does not tell us; a minute is what such limits have. */
const PDS_RETRY_MS = 60_000;

const byToken = ({ serviceDid, directory, redis, clock }: CoreContext, token: string): Promise<SignInOutcome> =>
  onRedis(signInWithServiceAuth({ token, serviceDid, directory, redis, clock }));

const byPassword = (
  { directory, fetch }: CoreContext,
  { identifier, password }: { identifier: string; password: string },
): Promise<SignInOutcome> => signInWithAppPassword({ identifier, password, directory, fetch });

const takeLogin = (c: Context<CoreEnv>, core: CoreContext) =>
  take(c, core, {
    limit: 'logins_address',
    key: clientAddress(c, core.trustedProxies),
    allowance: core.limits.loginsPerAddress,
  });

/** A name of any length and spelling becomes a key of one length; `@Alice.Example` and `alice.example` are one account. */
const takeIdentifier = (c: Context<CoreEnv>, core: CoreContext, identifier: string) =>
  take(c, core, {
    limit: 'logins_identifier',
    key: createHash('sha256').update(typedHandle(identifier.trim())).digest('base64url'),
    allowance: core.limits.loginsPerIdentifier,
  });

const takeRequest = (c: Context<CoreEnv>, core: CoreContext) =>
  take(c, core, {
    limit: 'requests',
    key: `address:${clientAddress(c, core.trustedProxies)}`,
    allowance: core.limits.requests,
  });
