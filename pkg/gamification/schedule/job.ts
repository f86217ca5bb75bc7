/** Work by the calendar, in slots that follow each other. */
export interface Job {
  readonly name: JobName;
  /** A slot is over for it only when that job has done all before the slot's end. */
  readonly follows?: JobName;
  /** Until when it counts as done when it runs for the first time ever: what was before is not made up for. */
  firstMs(nowMs: number): number;
  /** When the slot that begins at `doneThroughMs` is over, so that its work is due. */
  dueMs(doneThroughMs: number): number;
  /** Does the work of one slot; whatever part of it was done before is not done twice. Rejects when `signal` aborts. */
  work(slot: Slot, signal: AbortSignal): Promise<void>;
  /** Until when it is done afterwards. */
  afterMs(slot: Slot): number;
}

export interface Slot {
  /** Where it begins. */
  readonly doneThroughMs: number;
  /** When the work began. */
  readonly nowMs: number;
}

export const JOBS = ['days', 'weeks', 'sweep'] as const;
export type JobName = (typeof JOBS)[number];
