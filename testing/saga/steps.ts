/** The steps of the saga in the timeline process, in their order; the last four are taken by a request that fails. */
export const STEPS = [
  'row begin',
  'cache read',
  'lock',
  'compute',
  'cache store',
  'row complete',
  'publish completed',
  'publish told completed',
  'row fail',
  'publish failed',
  'publish told failed',
  'publish dead letter',
] as const;
export type Step = (typeof STEPS)[number];

/** A named crash point: the process is killed as it passes it for the `hit`-th time. */
export interface CrashPoint {
  readonly step: Step;
  readonly when: 'before' | 'after';
  readonly hit: number;
}

/** Whose questions the process of the test answers, whose it never can, and of those the ones that kill it. */
export const GOOD = 'did:plc:good';
export const BAD = 'did:plc:bad';
export const DEADLY = `${BAD}:deadly`;

/** What the parent sends: where to die (null: nowhere any more), or the outcome of a statement. */
export type ToChild =
  | { readonly arm: CrashPoint | null }
  | { readonly id: number; readonly rows?: unknown[]; readonly error?: string };
/** What the child sends: that it runs, or a statement for Postgres, which lives in the parent. */
export type FromChild = 'running' | { readonly id: number; readonly text: string; readonly params: readonly unknown[] };

/** The first argument of the child, as JSON. */
export interface ChildOrders {
  readonly natsUrl: string;
  readonly redisUrl: string;
}
