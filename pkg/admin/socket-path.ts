import { join } from 'node:path';

/** The smallest limit among the systems we run on (macOS: 104 bytes with the final zero). */
const maxPathBytes = 103;

/**
 * Where a process that holds the data folder listens for `sql` and `status`. Undefined where the path is longer than the
 * system allows for a socket.
 */
export const adminSocketPath = (dataDir: string): string | undefined => {
  const path = join(dataDir, 'admin.sock');
  return Buffer.byteLength(path) <= maxPathBytes ? path : undefined;
};
