import { isDid, isHandle, typedHandle } from '#pkg/atproto/syntax.ts';
import type { IdentityProblem } from './identity.ts';

/** What a person typed, read: lower-case handle, or a DID of a method that the network uses. */
export type Identifier = { readonly did: string } | { readonly handle: string };

/** Top-level names under which no account can be, by the handle specification. `test` is for networks on one machine. */
const NO_ACCOUNT_UNDER = ['alt', 'arpa', 'example', 'internal', 'invalid', 'local', 'localhost', 'onion'];

/** The longest that can be typed: a DID of 2,048 characters. */
const MAX_CHARS = 2_048;

/** Reads a handle (with or without `@`, any case) or DID. Total: anything else is a problem. */
export function readIdentifier(text: string, allowPrivate: boolean): Identifier | IdentityProblem {
  const trimmed = text.length <= MAX_CHARS + 2 ? text.trim() : '';
  if (trimmed.startsWith('did:')) {
    return isUsableDid(trimmed, allowPrivate)
      ? { did: trimmed }
      : { problem: 'invalid', message: 'this is not a did:plc or did:web that an account can have' };
  }
  const handle = typedHandle(trimmed);
  const topLevel = handle.slice(handle.lastIndexOf('.') + 1);
  const reserved = NO_ACCOUNT_UNDER.includes(topLevel) || topLevel === 'test';
  if (isHandle(handle) && (!reserved || allowPrivate)) return { handle };
  return { problem: 'invalid', message: 'this is not a handle (like alice.example.com) or DID that can exist' };
}

/** did:plc, or did:web of a host alone: the network has no did:web with a path. */
export function isUsableDid(did: string, allowPrivate: boolean): boolean {
  if (!isDid(did)) return false;
  if (did.startsWith('did:plc:')) return /^did:plc:[a-z2-7]{24}$/.test(did);
  if (!did.startsWith('did:web:')) return false;
  const host = did.slice('did:web:'.length);
  // A port (%3A) is for networks on one machine; any other escape has no place in a host.
  const name = allowPrivate ? host.replace(/%3A\d{1,5}$/i, '') : host;
  return isHandle(name) || (allowPrivate && /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3})$/.test(name));
}
