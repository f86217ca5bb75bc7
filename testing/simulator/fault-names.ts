/**
 * What a careful reader does with a damaged frame: `keep` the record or event it carries (with dates brought into bounds),
 * `reject` it because nothing in it can be used, or `either`, where good readers may differ.
 */
export type FaultEffect = 'keep' | 'reject' | 'either';

/** Every way in which the content of a frame can be damaged, with what it means and what a reader should make of it. */
export const CONTENT_FAULTS = {
  'malformed-json': { effect: 'reject', explain: 'the text is not JSON' },
  truncated: { effect: 'reject', explain: 'the frame ends in the middle' },
  'not-an-object': { effect: 'reject', explain: 'valid JSON, but a number, null, a list, a string or an empty object' },
  'wrong-type': {
    effect: 'either',
    explain: 'one field holds a number, text, null, list or object where another type belongs',
  },
  'missing-field': { effect: 'either', explain: 'one field is left out' },
  'huge-record': { effect: 'keep', explain: 'a post whose text makes the frame almost 1 MB' },
  'long-line': { effect: 'keep', explain: 'a post with an unknown field of 33 KB' },
  'deep-nesting': { effect: 'either', explain: 'an unknown field nested 20,000 levels deep' },
  'proto-key': { effect: 'keep', explain: 'unknown fields named __proto__ and constructor' },
  'nul-in-text': { effect: 'keep', explain: 'NUL characters inside a text' },
  'lone-surrogate': { effect: 'keep', explain: 'half of a surrogate pair inside a text' },
  'created-future': { effect: 'keep', explain: 'createdAt minutes to millennia ahead' },
  'created-ancient': { effect: 'keep', explain: 'createdAt years to centuries back' },
  'created-no-ms': { effect: 'keep', explain: 'createdAt without milliseconds' },
  'created-no-zone': { effect: 'keep', explain: 'createdAt without a time zone' },
  'created-missing': { effect: 'either', explain: 'no createdAt at all' },
  'created-garbage': { effect: 'either', explain: 'createdAt that is no date' },
  'rkey-not-tid': { effect: 'keep', explain: 'a post under a valid key that is not a TID' },
  'rkey-long': { effect: 'keep', explain: 'a post under a valid key of 512 characters' },
  'rkey-invalid': { effect: 'reject', explain: 'a record key with letters or a length that keys cannot have' },
  'did-invalid': { effect: 'reject', explain: 'the author is not a DID' },
  'uri-nonsense': { effect: 'reject', explain: 'a like of something that is not the uri of a record' },
  'unknown-kind': { effect: 'reject', explain: 'a kind that is not commit, identity or account' },
  'unknown-operation': { effect: 'reject', explain: 'an operation that is not create, update or delete' },
  'bad-time': { effect: 'reject', explain: 'time_us is not a usable number' },
  'time-back': { effect: 'keep', explain: 'time_us up to 30 ms earlier than the frame before' },
  duplicate: { effect: 'keep', explain: 'the frame before, once more' },
  'identity-without-handle': { effect: 'keep', explain: 'an identity event that names no handle' },
  'cursor-key': { effect: 'keep', explain: 'a frame with the extra cursor field of newer hosts' },
} as const satisfies Record<string, { effect: FaultEffect; explain: string }>;

/** The name of one kind of damage. */
export type FaultName = keyof typeof CONTENT_FAULTS;

/** All names, in a fixed order. */
export const FAULT_NAMES = Object.keys(CONTENT_FAULTS) as FaultName[];
