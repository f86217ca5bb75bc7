const SLOTS = 8192;
const MAX_OVERDUE = 64;

/** What will happen later in the world: counted in frames, so that the same seed gives the same story at any rate. */
export class Schedule<T> {
  readonly #slots: T[][] = Array.from({ length: SLOTS }, () => []);
  /** The rest of a commit that has begun, last part first. */
  readonly #urgent: T[] = [];
  readonly #due: T[] = [];
  #taken = 0;
  #frame = 0;

  /** Whether a commit is half told, or so much is overdue that nothing else should come first. */
  get pressing(): boolean {
    return this.#urgent.length > 0 || this.#due.length - this.#taken > MAX_OVERDUE;
  }

  /** Lets this happen after so many frames (1 to 8191). */
  after(frames: number, act: T): void {
    if (!(frames >= 1 && frames < SLOTS)) throw new RangeError(`between 1 and ${SLOTS - 1} frames, not ${frames}`);
    this.#slots[(this.#frame + frames) % SLOTS]?.push(act);
  }

  /** Lets this happen in the very next frame, before everything else, the last one asked for first. */
  next(act: T): void {
    this.#urgent.push(act);
  }

  /** Moves on by one frame. */
  tick(): void {
    this.#frame += 1;
    const slot = this.#slots[this.#frame % SLOTS] as T[];
    if (slot.length > 0) this.#due.push(...slot.splice(0));
  }

  /** One act that is due; undefined where nothing is. */
  take(): T | undefined {
    const urgent = this.#urgent.pop();
    if (urgent !== undefined) return urgent;
    const act = this.#due[this.#taken];
    if (act === undefined) return undefined;
    this.#taken += 1;
    if (this.#taken === this.#due.length || this.#taken > SLOTS) {
      this.#due.splice(0, this.#taken);
      this.#taken = 0;
    }
    return act;
  }
}
