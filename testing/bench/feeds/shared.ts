import { type EvenLoad, type LoadRequest, loadEvenly, loadFully } from '../load.ts';
import { benchKeys, benchToken, FEED_URI, METHOD } from './setting.ts';

const connections = 16;
/** A page as clients ask for it. */
const url = (port: number): string =>
  `http://127.0.0.1:${port}/xrpc/${METHOD}?feed=${encodeURIComponent(FEED_URI)}&limit=30`;

/** Tokens that are sent once each, or `undefined` for requests without. */
const tokensFor = async (accounts: number, requests: number): Promise<string[] | undefined> => {
  if (accounts === 0) return undefined;
  const keys = await benchKeys(accounts);
  return Promise.all(
    // Good for as long as making them and sending them takes; every one is another.
    Array.from({ length: requests }, (_, n) => benchToken(keys[n % accounts]!, 200 + (n % 50))),
  );
};

const sending = (tokens: readonly string[] | undefined) => {
  if (tokens === undefined) return {};
  let sent = 0;
  const setupRequest = (request: LoadRequest): LoadRequest => {
    const token = tokens[sent % tokens.length] ?? '';
    sent += 1;
    return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
  };
  return { setupRequest };
};

interface Ask {
  readonly seconds: number;
  /** Whose tokens the requests carry; 0: none. */
  readonly accounts: number;
}

/** Requests a second of a shared feed's first page, as many as there are answers. */
export const measureThroughput = async (port: number, { seconds, accounts }: Ask): Promise<number> => {
  const tokens = await tokensFor(accounts, accounts === 0 ? 0 : seconds * 3_000);
  const load = { url: url(port), connections, ...sending(tokens) };
  await loadFully({ ...load, seconds: 2 });
  return loadFully({ ...load, seconds });
};

/** The same at a fixed rate. */
export const measureRate = async (
  port: number,
  { rate, seconds, accounts }: Ask & { rate: number },
): Promise<EvenLoad> => {
  const tokens = await tokensFor(accounts, rate * (seconds + 3));
  return loadEvenly({
    url: url(port),
    rate,
    connections: 50,
    durationMs: (seconds + 3) * 1_000,
    warmUpMs: 3_000,
    ...sending(tokens),
  });
};
