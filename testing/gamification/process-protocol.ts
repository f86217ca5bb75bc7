/** The first argument of the gamification process, as JSON. */
export interface ChildOrders {
  readonly natsUrl: string;
  readonly redisUrl: string;
  /** A server, or a folder in which the process runs one of its own. */
  readonly postgres: { readonly url: string } | { readonly dataDir: string };
  /** What its clock says when it starts. */
  readonly nowMs: number;
  /** What the index says of each user: network size, and users tracked. */
  readonly figures: Readonly<Record<string, readonly [number, number]>>;
}

/** What the parent sends. */
export type ToChild =
  | { readonly do: 'clock'; readonly nowMs: number }
  | { readonly do: 'query'; readonly id: number; readonly text: string; readonly params: readonly unknown[] }
  /** Everything but the ledger is made again of it. */
  | { readonly do: 'rebuild'; readonly id: number }
  /** Of its REST API, as this user. The answer is one row: status and body. */
  | { readonly do: 'request'; readonly id: number; readonly request: RestRequest };

export interface RestRequest {
  readonly method?: 'GET' | 'PUT';
  readonly path: string;
  readonly userId?: string;
  readonly body?: unknown;
}

export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What the child sends: that it runs, or how something ended. */
export type FromChild =
  | 'running'
  | { readonly id: number; readonly rows?: readonly unknown[]; readonly error?: string };
