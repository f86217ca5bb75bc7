/** Lets so many in at the same time, and so many wait. */
export interface Gate {
  /** Resolves when there is room, with what gives it up again; `busy` at once where too many wait already. */
  enter(): Promise<(() => void) | 'busy'>;
}

export const createGate = (atOnce: number, waiting: number): Gate => {
  const queue: (() => void)[] = [];
  let inside = 0;
  const leave = (): void => {
    inside -= 1;
    queue.shift()?.();
  };
  return {
    enter: async () => {
      if (inside >= atOnce) {
        if (queue.length >= waiting) return 'busy';
        await new Promise<void>((resolve) => {
          // Room is taken when it becomes free, or another might come between.
          queue.push(() => {
            inside += 1;
            resolve();
          });
        });
      } else inside += 1;
      let hasLeft = false;
      return () => {
        if (!hasLeft) leave();
        hasLeft = true;
      };
    },
  };
};
