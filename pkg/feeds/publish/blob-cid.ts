import { createHash } from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** CID version 1, raw bytes, SHA-256 of 32 bytes. */
const prefix = Uint8Array.of(0x01, 0x55, 0x12, 0x20);

/** The CID under which the network keeps these bytes as a blob: `bafkrei...`. */
export const blobCid = (bytes: Uint8Array): string => {
  const digest = createHash('sha256').update(bytes).digest();
  return `b${base32(Buffer.concat([prefix, digest]))}`;
};

/** Lower case, without padding, as RFC 4648 has it otherwise. */
const base32 = (bytes: Uint8Array): string => {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
};
