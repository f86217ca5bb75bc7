import { headers, type MsgHdrs } from '@nats-io/transport-node';

const NAME = 'Nats-Msg-Id';

/**
 * Headers for a message that its stream takes once. The id stands first, and is not given to the client, which would put
 * it last: nats-server 2.9 looks at the first place where its name stands, be it inside of another header, and stores a
 * message again whose id it does not find there.
 */
export function withMessageId(id: string, others: Iterable<readonly [string, readonly string[]]>): MsgHdrs {
  const all = headers();
  all.set(NAME, id);
  for (const [name, values] of others) for (const value of values) if (name !== NAME) all.append(name, value);
  return all;
}
