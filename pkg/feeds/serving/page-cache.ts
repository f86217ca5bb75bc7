/** A page that was written, so that it need not be again. */
export interface WrittenPage {
  /** See `writePage`. */
  readonly text: string;
  readonly next: number | undefined;
  /** Posts on it. */
  readonly posts: number;
  /** The whole answer to those who are not signed in: their cursors are the same. Filled when the first of them asks. */
  anonymous: string | undefined;
}

/** Written pages, good until something is hidden or comes back. Bounded by their size. */
export interface PageCache {
  get(key: string): WrittenPage | undefined;
  set(key: string, page: WrittenPage): void;
  readonly bytes: number;
}

/** Of an entry beside its texts. */
const ENTRY_BYTES = 300;

/** @param epoch see `Hidden.epoch`: no page of another is given out */
export function createPageCache(maxBytes: number, epoch: () => number): PageCache {
  const pages = new Map<string, WrittenPage>();
  let [bytes, madeIn] = [0, epoch()];
  // Twice the text, since the answer to those who are not signed in is held as well.
  const sizeOf = (key: string, page: WrittenPage) => 2 * page.text.length + 2 * key.length + ENTRY_BYTES;
  const renew = () => {
    const now = epoch();
    if (now === madeIn) return;
    madeIn = now;
    bytes = 0;
    pages.clear();
  };
  return {
    get(key) {
      renew();
      return pages.get(key);
    },
    set(key, page) {
      renew();
      const size = sizeOf(key, page);
      if (size > maxBytes || pages.has(key)) return;
      for (const [oldest, old] of pages) {
        if (bytes + size <= maxBytes) break;
        pages.delete(oldest);
        bytes -= sizeOf(oldest, old);
      }
      pages.set(key, page);
      bytes += size;
    },
    get bytes() {
      return bytes;
    },
  };
}
