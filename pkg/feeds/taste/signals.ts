import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { isTasteEvent } from './events.ts';
import { postKey } from './post-key.ts';
import { readPostTags } from './post-tags.ts';
import type { Said } from './said.ts';
import type { Signal } from './state.ts';

/** What rows say, with the tags of their posts. That a post was on the screen says nothing about its tags. */
export const withTags = async (
  store: Pick<ClickHouse, 'query'>,
  rows: readonly Pick<Said, 'event' | 'actorId' | 'tid' | 'atMs'>[],
): Promise<Signal[]> => {
  const tags = await readPostTags(
    store,
    rows.filter(({ event }) => isTasteEvent(event) && event !== 'interactionSeen'),
  );
  return rows.flatMap(({ event, actorId, tid, atMs }) =>
    isTasteEvent(event)
      ? [{ event, post: { actorId, tid }, tags: tags.get(postKey({ actorId, tid })) ?? [], atMs }]
      : [],
  );
};
