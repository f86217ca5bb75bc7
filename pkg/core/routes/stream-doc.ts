import { z } from '@hono/zod-openapi';
import { problems } from '#pkg/rest/problem.ts';
import { EXAMPLES } from './examples.ts';

const DESCRIPTION = `Server-sent events, yours only. realtime-gateway answers here; it is described with the rest because it has the same public address.

Prove who you are with one of: \`Authorization\`; \`ticket\`, from POST /api/v1/sse/ticket, where no header can be sent (EventSource); \`token\`, an access token in the URL, which logs may keep.

| event | data | meaning |
|---|---|---|
| \`connected\` | user_id, connection_id, server_time | The first frame. |
| \`analysis_completed\` | analysis_id, type, window, audience, subject_did, cached, score | GET /api/v1/timeline/analyses/{id} has the answer. |
| \`analysis_failed\` | the same but for score, and error, message | Given up after three attempts. |
| \`heartbeat\` | server_time | Every 30 s. |
| \`resync\` | reason | You may have missed something: ask anew for what you want to know. |
| \`dropped\` | count | You read too slowly; the stream ends, and coming back with the last id gives you the rest. |
| \`session_ended\` | | Signed out. Do not come back without signing in. |
| \`shutdown\` | retry_ms | Come back in so long, elsewhere or here. |

Events carry event_id and correlation_id (the X-Request-Id of the request that caused them) too. The same event may come twice; event_id tells. Each frame has an \`id\`: come back with the last one in \`Last-Event-ID\` (EventSource does so by itself) and nothing of the last five minutes is missed.`;

/** `GET /sse` in the document: another service answers it, at the same address. */
export const streamPath = {
  method: 'get' as const,
  path: '/sse',
  operationId: 'streamEvents',
  tags: ['Events'],
  // A ticket or token in the query will do instead.
  security: [{ session: [] }, {}],
  summary: 'What happens to you, as it happens',
  description: DESCRIPTION,
  request: {
    query: z.object({
      ticket: z.string().optional().openapi({ description: 'Good once, within a minute.' }),
      token: z.string().optional().openapi({ description: 'An access token. Prefer a ticket.' }),
      last_event_id: z.string().optional().openapi({ description: 'Where Last-Event-ID cannot be sent.' }),
    }),
    headers: z.object({
      'Last-Event-ID': z.string().optional().openapi({ description: 'The id of the last frame that you have.' }),
    }),
  },
  responses: {
    200: {
      description: 'Frames, until either side closes.',
      content: { 'text/event-stream': { schema: z.string(), example: EXAMPLES.events } },
    },
    ...problems(401, 405, 429, 503),
  },
};
