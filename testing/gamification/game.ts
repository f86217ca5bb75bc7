import { fromBinary } from '@bufbuild/protobuf';
import { DEAD_LETTER_HEADERS } from '#pkg/bus/dead-letter.ts';
import { readEnvelope } from '#pkg/bus/envelope.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import { TimelineCompletedEventSchema } from '#proto/skyflow/events/v1/timeline_pb.js';
import { deliver, type DeliveryOptions, DISTURBED, type Round, worldOf } from './delivery.ts';
import { badMessages, type Message } from './messages.ts';
import { dayNumberOf, startMsOf } from './model/calendar.ts';
import { outcomeOf, type Outcome } from './model/model.ts';
import { play, type Toll, type Troubles } from './play.ts';
import { messagesOf, type Recorder, startRecorder } from './recorder.ts';
import { openStage, type Stage } from './stage.ts';
import { readStored } from './stored.ts';
import { until } from './settle.ts';
import { type Span, verifyArchive, verifyBoards } from './verify-boards.ts';
import { verifyEvents, verifyFrames } from './verify-frames.ts';
import { Findings, verifyLedger } from './verify-ledger.ts';
import { type History, makeHistory, type WorldOptions } from './world.ts';

export interface GameOptions extends WorldOptions {
  readonly delivery?: Omit<DeliveryOptions, 'seed'>;
  readonly troubles: Troubles;
  readonly say?: (line: string) => void;
  /** The Postgres within gamification, also where a server is installed. */
  readonly embedded?: boolean;
}

/** Weeks of a world, played through to their end. */
export interface Game {
  readonly stage: Stage;
  readonly history: History;
  readonly rounds: readonly Round[];
  readonly recorder: Recorder;
  readonly toll: Toll;
  /** What is wrong with all that can be seen; '' where nothing is. */
  verify(): Promise<string>;
  close(): Promise<void>;
}

export const playGame = async (options: GameOptions): Promise<Game> => {
  const { seed, troubles, say, delivery = DISTURBED } = options;
  const history = makeHistory(options);
  const rounds = deliver(history, { seed, ...delivery });
  const figures = Object.fromEntries(
    history.people.map(({ userId, networkSize, trackedUsers }) => [userId, [networkSize, trackedUsers] as const]),
  );
  const stage = await openStage({ nowMs: startMsOf(history.firstDay), figures, embedded: options.embedded });
  const bad = badOf(history, rounds);
  try {
    await stage.gamification.launch();
    const recorder = startRecorder(stage.bus);
    const toll = await play(stage, { history, rounds, bad, troubles, seed, ...(say === undefined ? {} : { say }) });
    return {
      stage,
      history,
      rounds,
      recorder,
      toll,
      verify: () => verify({ stage, history, rounds, recorder, bad }),
      close: async () => {
        await recorder.stop();
        await stage.close();
      },
    };
  } catch (error) {
    const words = [...stage.gamification.ownDeaths, stage.gamification.words].join('\n');
    await stage.close();
    throw words === '' ? error : new Error(`gamification said: ${words}`, { cause: error });
  }
};

/** Of a time that is over when they are told: what is ahead of the clock waits first. */
const badOf = ({ people, analyses }: History, [first]: readonly Round[]): readonly Message[] => {
  const here = new Set(people.filter(({ account }) => account === 'here').map(({ userId }) => userId));
  const fact = analyses.find(({ userId, score }) => here.has(userId) && score !== null);
  if (fact === undefined || first === undefined || dayNumberOf(fact.atMs) > first.lastDay) return [];
  return badMessages(fact);
};

interface Played {
  readonly stage: Stage;
  readonly history: History;
  readonly rounds: readonly Round[];
  readonly recorder: Recorder;
  readonly bad: readonly Message[];
}

/** The outcomes of a game by the model alone. */
export const expectedOf = ({ history, rounds }: Pick<Played, 'history' | 'rounds'>): ReadonlyMap<string, Outcome> =>
  outcomeOf(worldOf(history, rounds));

const verify = async (played: Played): Promise<string> => {
  const { stage, history, recorder } = played;
  const outcomes = expectedOf(played);
  const stored = await readStored(stage.postgres);
  const findings: Findings[] = [
    verifyLedger(stored, { people: history.people, outcomes, orderly: false }),
    verifyFrames(recorder, stored, outcomes),
    verifyEvents(await eventIds(stage), stored, outcomes),
    await verifyDead(played),
    verifyHidden(history, stored),
  ];
  const span = spanOf(history);
  findings.push(verifyArchive(stored, span));
  const boards = (): Promise<Findings> => verifyBoards(stage.redis, stored, span);
  // They follow a moment later than all else, after a Redis that came back empty.
  await until('the leaderboards', async () => (await boards()).toString() === '').catch(() => undefined);
  findings.push(await boards());
  const deaths = stage.gamification.ownDeaths.map((words) => `gamification ended by itself: ${words}`);
  return [...deaths, ...findings.map(String).filter((text) => text !== '')].join('\n');
};

/** Its days, and the one after them, on which it ends. */
export const spanOf = ({ firstDay, days }: History): Span => ({ firstDay, lastDay: firstDay + days });

const verifyHidden = ({ people }: History, { players }: Awaited<ReturnType<typeof readStored>>): Findings => {
  const findings = new Findings();
  const wanted = people.filter(({ account, hidden }) => account === 'here' && hidden).map(({ userId }) => userId);
  const found = players.filter(({ hidden }) => hidden).map(({ userId }) => userId);
  findings.same('who opted out', found.toSorted(), wanted.toSorted());
  return findings;
};

/** The ids that GAMIFICATION holds, by subject. */
const eventIds = async ({ bus }: Stage): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
  const ids = new Map<string, Set<string>>();
  for await (const { subject, data } of messagesOf(bus, 'GAMIFICATION')) {
    const id = readEnvelope(data)?.eventId ?? '';
    ids.set(subject, (ids.get(subject) ?? new Set()).add(id));
  }
  return ids;
};

/** Dead are what nobody may count, and the analyses and referrals of people who never signed in; and nothing else. */
const verifyDead = async ({ stage, history, rounds, bad }: Played): Promise<Findings> => {
  const findings = new Findings();
  const subject = `dlq.${EVENTS.timelineCompleted.subject}`;
  const found = new Map<string, string>();
  let broken = 0;
  for await (const letter of messagesOf(stage.bus, 'DLQ')) {
    const why = `after ${letter.header(DEAD_LETTER_HEADERS.attempts)}: ${letter.header(DEAD_LETTER_HEADERS.error)}`;
    if (letter.subject !== subject) {
      findings.add(`a dead letter from ${letter.subject} ${why}`);
      continue;
    }
    try {
      found.set(fromBinary(TimelineCompletedEventSchema, letter.data).base?.eventId ?? '', why);
    } catch {
      broken += 1;
    }
  }
  const unknown = new Set(history.people.filter(({ account }) => account === 'unknown').map(({ userId }) => userId));
  const wanted = new Set(bad.slice(0, -1).map(({ messageId }) => messageId));
  for (const { fact } of rounds.flatMap(({ messages }) => messages)) {
    if (fact.kind === 'analysis' && unknown.has(fact.userId)) wanted.add(fact.id);
  }
  const wrongly = [...found].filter(([id]) => !wanted.has(id));
  if (wrongly.length > 0) findings.add(`${wrongly.length} messages died wrongly, as ${wrongly.slice(0, 3).join('; ')}`);
  const alive = [...wanted].filter((id) => !found.has(id));
  if (alive.length > 0) findings.add(`${alive.length} messages did not die, as ${alive.slice(0, 3).join('; ')}`);
  if (bad.length > 0 && broken === 0) findings.add('the broken message is no dead letter');
  return findings;
};
