import type { InHand } from './table.ts';

/** How far the one who reads the frames has come. */
export interface Place {
  /** Another value as soon as its durable was made anew, as after a restart of a server that kept it in memory. */
  readonly life: string;
  /** It has acknowledged everything up to this sequence of the stream. */
  readonly ackFloor: number;
}

interface Held extends InHand {
  readonly sequence: number;
  readonly life: string | undefined;
  readonly untilMs: number;
}

/** What a look at the place brought. */
export interface Seen {
  /** Ids of the frames that are over: read, or waited for long enough. */
  readonly over: string[];
  /** Frames that may have gone with a life that is over: to be published again, under their ids. */
  readonly lost: InHand[];
}

/** A frame is waited for this long, while the bus is there to be asked. */
export const HOLD_MS = 10_000;
/** An older frame is published and not waited for: the stream itself would not keep it longer. */
const MAX_AGE_MS = 300_000;
/** Ended this long before the claim does, so that a row is deleted before another may take it. */
const MARGIN_MS = 3_000;

/**
 * Frames that the bus has and nobody has read yet: their stream is in memory, and a restart of the server takes it away.
 *
 * A sequence means something only within one life of the stream. Each frame is held with the life that was known BEFORE it was
 * published: if the next look finds the same one, the frame went into it. If not (or none was known) it may be gone, and
 * is published again; where it is not gone the stream drops the second as a duplicate and says the sequence of the first.
 */
export class HeldFrames {
  readonly #max: number;
  /** By event id, in the order in which they were published. */
  readonly #frames = new Map<string, Held>();
  #life: string | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#frames.size;
  }

  /** The life of the last look; to be read before publishing. Undefined: nobody has looked. */
  get life(): string | undefined {
    return this.#life;
  }

  /** True where this event is one to be held. */
  wants({ event, writtenAtMs }: InHand, nowMs: number): boolean {
    return event.subject.startsWith('events.realtime.') && nowMs - writtenAtMs < MAX_AGE_MS;
  }

  /** Holds a frame that was just published. Returns the ids of the oldest, where these are too many: nobody waits for them any more. */
  hold(
    frame: InHand,
    { sequence, life, nowMs }: { sequence: number; life: string | undefined; nowMs: number },
  ): string[] {
    const untilMs = Math.min(nowMs + HOLD_MS, frame.claimedUntilMs - MARGIN_MS);
    this.#frames.set(frame.event.eventId, { ...frame, sequence, life, untilMs });
    const over: string[] = [];
    for (const id of this.#frames.keys()) {
      if (this.#frames.size <= this.#max) break;
      this.#frames.delete(id);
      over.push(id);
    }
    return over;
  }

  /**
   * Sorts the frames by what the bus says now; `undefined`: the durable is not there. What it returns is held no longer, nor are
   * those whose time is over and whose life is too: their rows stay, and are taken by a sweep.
   */
  look(place: Place | undefined, nowMs: number): Seen {
    // Not there is a life too: what was published while it is so is not published again at every look.
    const life = place?.life ?? '';
    this.#life = life;
    const seen: Seen = { over: [], lost: [] };
    for (const [id, frame] of this.#frames) {
      const isInTime = nowMs < frame.untilMs;
      if (frame.life === life) {
        const isRead = place !== undefined && frame.sequence <= place.ackFloor;
        if (isInTime && !isRead) continue;
        seen.over.push(id);
      } else if (isInTime) seen.lost.push(frame);
      this.#frames.delete(id);
    }
    return seen;
  }

  /** Lets go of those that nobody could look after in time: their rows stay, and are taken by the next sweep. */
  letGo(nowMs: number): void {
    for (const [id, { untilMs }] of this.#frames) if (nowMs >= untilMs) this.#frames.delete(id);
  }

  /** All ids. */
  ids(): string[] {
    return [...this.#frames.keys()];
  }
}
