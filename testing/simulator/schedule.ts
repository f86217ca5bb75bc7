const SLOTS = 8192;

/** What will happen later in the world: counted in frames, so that the same seed gives the same story at any rate. */
export class Schedule<T> {
  readonly #slots: T[][] = Array.from({ length: SLOTS }, () => []);
  readonly #due: T[] = [];
  #taken = 0;
  #frame = 0;

  /** Lets this happen after so many frames (1 to 8191). */
  after(frames: number, act: T): void {
    if (!(frames >= 1 && frames < SLOTS)) throw new RangeError(`between 1 and ${SLOTS - 1} frames, not ${frames}`);
    this.#slots[(this.#frame + frames) % SLOTS]?.push(act);
  }

  /** Lets this happen in the very next frame, before everything else: the rest of the same commit. */
  next(act: T): void {
    this.#due.splice(this.#taken, 0, act);
  }

  /** Moves on by one frame and returns what is due, one act a call; undefined where nothing is. */
  tick(): T | undefined {
    this.#frame += 1;
    const slot = this.#slots[this.#frame % SLOTS] as T[];
    if (slot.length > 0) this.#due.push(...slot.splice(0));
    return this.take();
  }

  /** One more act that is due, without moving on. */
  take(): T | undefined {
    const act = this.#due[this.#taken];
    if (act === undefined) return undefined;
    this.#taken += 1;
    if (this.#taken === this.#due.length) {
      this.#due.length = 0;
      this.#taken = 0;
    }
    return act;
  }
}
