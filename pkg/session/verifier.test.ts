import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWTPayload, SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { KeysUnavailableError } from './keys.ts';
import { type SessionSigner, loadSigner } from './signer.ts';
import { type Verifier, createVerifier } from './verifier.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicKeyPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
const signer = await loadSigner({ privateKeyPem });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

const clock = new ManualClock();
const nowS = clock.nowMs() / 1000;
const sid = randomUUID();
const userId = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
const otherUser = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb';
const otherSid = randomUUID();
const sessions = new Map([
  [`session:${sid}`, userId],
  [`session:${otherSid}`, otherUser],
]);
const redis = { hget: async (key: unknown) => sessions.get(String(key)) ?? null };
const verifier = createVerifier({ jwks: async () => signer.jwks(), redis, clock });

const good: JWTPayload = {
  iss: 'skyflow',
  aud: 'skyflow',
  sub: userId,
  sid,
  handle: 'a.test',
  iat: nowS,
  exp: nowS + 60,
};
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
const without = (claim: string) => Object.fromEntries(Object.entries(good).filter(([name]) => name !== claim));
const header = { alg: 'RS256', typ: 'at+jwt', kid: signer.kid };
const sign = (claims: JWTPayload, head: Record<string, unknown> = {}, key = privateKey) =>
  new SignJWT(claims).setProtectedHeader({ ...header, ...head }).sign(key);
const jwkOfStranger = createPublicKey(stranger).export({ format: 'jwk' });

async function withPayload(change: (claims: JWTPayload) => JWTPayload): Promise<string> {
  const [head, , signature] = (await sign(good)).split('.');
  return [head, encode(change({ ...good })), signature].join('.');
}

async function withHeader(more: object): Promise<string> {
  const [, payload, signature] = (await sign(good)).split('.');
  return [encode({ ...header, ...more }), payload, signature].join('.');
}

function hmac(alg: string, secret: string): string {
  const input = `${encode({ ...header, alg })}.${encode(good)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

describe('an access token', () => {
  it('of ours says who it is', async () => {
    const session = { userId, sid, handle: 'a.test', expiresAtMs: (nowS + 60) * 1000 };
    expect(await verifier.verify(await sign(good))).toEqual(session);
    expect(await verifier.verify(await sign(without('handle')))).toEqual({ ...session, handle: null });
  });

  const bad: [string, string, () => string | Promise<string>][] = [
    ['with alg none', 'signature', () => `${encode({ ...header, alg: 'none' })}.${encode(good)}.`],
    [
      'with alg none and our signature',
      'signature',
      async () => {
        const [, , signature] = (await sign(good)).split('.');
        return `${encode({ ...header, alg: 'none' })}.${encode(good)}.${signature}`;
      },
    ],
    ['with HS256 and our public key as the secret', 'signature', () => hmac('HS256', publicKeyPem)],
    ['with PS256', 'signature', () => sign(good, { alg: 'PS256' })],
    ['signed with another key under our kid', 'signature', () => sign(good, {}, stranger)],
    ['with a key of its own in the header', 'signature', () => sign(good, { jwk: jwkOfStranger }, stranger)],
    ['with a kid that we do not have', 'signature', () => sign(good, { kid: 'other' }, stranger)],
    [
      'without a kid',
      'signature',
      () => new SignJWT(good).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' }).sign(privateKey),
    ],
    [
      'changed into another user',
      'signature',
      () => withPayload((claims) => ({ ...claims, sub: otherUser, sid: otherSid })),
    ],
    ['changed to last longer', 'signature', () => withPayload((claims) => ({ ...claims, exp: nowS + 9_999 }))],
    ['from another issuer', 'claims', () => sign({ ...good, iss: 'other' })],
    ['for another audience', 'claims', () => sign({ ...good, aud: 'other' })],
    ['without an audience', 'claims', () => sign(without('aud'))],
    ['without an end', 'claims', () => sign(without('exp'))],
    ['without a session', 'claims', () => sign(without('sid'))],
    ['with a session that is no id', 'claims', () => sign({ ...good, sid: 'user:x' })],
    ['of another type', 'claims', () => sign(good, { typ: 'JWT' })],
    ['not good yet', 'claims', () => sign({ ...good, nbf: nowS + 60 })],
    ['expired', 'expired', () => sign({ ...good, exp: nowS - 1 })],
    ['expired this second', 'expired', () => sign({ ...good, exp: nowS })],
    ['of a session that has ended', 'revoked', () => sign({ ...good, sid: randomUUID() })],
    ["of another user's session", 'revoked', () => sign({ ...good, sid: otherSid })],
    ['that is empty', 'malformed', () => ''],
    ['that is rubbish', 'malformed', () => 'a.b.c'],
    ['of two parts', 'malformed', async () => (await sign(good)).split('.').slice(0, 2).join('.')],
    ['of a megabyte', 'malformed', () => sign({ ...good, more: 'x'.repeat(1e6) })],
    ['whose header demands what we do not know', 'malformed', () => withHeader({ crit: ['exotic'], exotic: 1 })],
    ['whose header says that the payload is not encoded', 'signature', () => withHeader({ crit: ['b64'], b64: false })],
  ];
  it.each(bad)('%s is refused: %s', async (_, reason, makeToken) => {
    const token = await makeToken();
    const answer = await verifier.verify(token);
    expect(answer).toEqual({ refused: reason, message: expect.any(String) });
    const quoted = Object.values(answer).some((text) =>
      [userId, sid, signer.kid].some((part) => String(text).includes(part)),
    );
    expect(quoted).toBe(false);
  });

  it('is neither good nor bad while Redis is away', async () => {
    const away = { hget: () => Promise.reject(new Error('gone')) };
    const blind = createVerifier({ jwks: () => signer.jwks(), redis: away, clock });
    await expect(blind.verify(await sign(good))).rejects.toThrow('gone');
    expect(await blind.verify(await sign(good, {}, stranger))).toMatchObject({ refused: 'signature' });
  });
});

describe('the public keys', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function jwksServer(answer: (response: ServerResponse) => void) {
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      answer(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
    const time = new ManualClock();
    return { verifier: createVerifier({ jwks: url, redis, clock: time }), time, requests: () => requests };
  }
  const sendKeys = (by: SessionSigner) => (response: ServerResponse) => response.end(JSON.stringify(by.jwks()));
  const outcome = async (by: Verifier, token: string) => {
    const answer = await by.verify(token);
    return 'refused' in answer ? answer.refused : answer.userId;
  };

  it('are fetched once for everybody, and again for a kid that is new', async () => {
    const next = await loadSigner({ privateKeyPem: stranger.export({ type: 'pkcs8', format: 'pem' }).toString() });
    let current = signer;
    const { verifier, time, requests } = await jwksServer((response) => sendKeys(current)(response));
    const token = await sign(good);
    const answers = await Promise.all(Array.from({ length: 20 }, () => outcome(verifier, token)));
    expect(new Set(answers)).toEqual(new Set([userId]));
    expect(requests()).toBe(1);
    current = next;
    const later = await sign(good, { kid: next.kid }, stranger);
    await time.advance(10_001);
    expect(await outcome(verifier, later)).toBe(userId);
    expect(requests()).toBe(2);
  });

  it('are not fetched for every unknown kid that somebody makes up', async () => {
    const { verifier, time, requests } = await jwksServer(sendKeys(signer));
    for (let n = 0; n < 50; n += 1) {
      expect(await outcome(verifier, await sign(good, { kid: `made-up-${n}` }))).toBe('signature');
      await time.advance(500);
    }
    expect(requests()).toBeLessThanOrEqual(3);
  });

  it('go on being used while their source is away', async () => {
    let broken = false;
    const { verifier, time, requests } = await jwksServer((response) => {
      if (broken) response.writeHead(500).end();
      else sendKeys(signer)(response);
    });
    expect(await outcome(verifier, await sign(good))).toBe(userId);
    broken = true;
    await time.advance(700_000);
    const token = await sign({ ...good, exp: nowS + 800 });
    expect(await outcome(verifier, token)).toBe(userId);
    expect(requests()).toBe(2);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['an error', (response) => void response.writeHead(500).end('secret detail')],
    ['no JSON', (response) => void response.end('<html>')],
    ['no keys', (response) => void response.end('{"keys":[]}')],
    ['far too much', (response) => void response.end(JSON.stringify({ keys: [], pad: 'x'.repeat(100_000) }))],
    ['a redirect', (response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    [
      'a private key',
      (response) => void response.end(JSON.stringify({ keys: [{ kty: 'oct', kid: signer.kid, k: 'AAAA' }] })),
    ],
  ])('that never came (%s) leave the answer open', async (_, answer) => {
    const { verifier } = await jwksServer(answer);
    await expect(verifier.verify(await sign(good))).rejects.toBeInstanceOf(KeysUnavailableError);
  });
});
