/** The commands about dead letters and the audit log, a part of `COMMANDS`. */
export const ROUTER_COMMANDS = {
  replay: {
    summary: 'have dead letters handled again',
    description:
      'Puts messages that could not be handled back on the bus, as they were, oldest first. Mend what made them fail, then replay: whoever handled a message already does nothing the second time, so nothing is counted twice. Those that were replayed before are left alone unless --again is given. Those that fail again come back as new dead letters.',
    arguments: [],
    examples: [
      ['replay --since 2h --dry-run', 'how many, of which subjects; nothing is done'],
      ["replay --subject 'events.timeline.>'", 'all about analyses; with quotes, or the shell takes the > for itself'],
      ['replay --event-id 3f1c2a52-6f0e-4b53-9d0c-2f1f4a7f8c11', 'those of one event; its id is in `dlq show`'],
      ['replay --since 2026-01-31T09:00 --again', 'from then on (UTC), those too that were replayed before'],
    ],
  },
  'dlq list': {
    summary: 'the messages that could not be handled',
    description:
      'Shows dead letters, newest first: what they were, who gave them up, why, and whether they were replayed. They are kept for 30 days after the last replay.',
    arguments: [],
    examples: [
      ['dlq list', 'the newest 20'],
      ["dlq list --subject 'events.xp.>' --since 1d --limit 100", 'some of them'],
      ['dlq list --json', 'for programs'],
    ],
  },
  'dlq show': {
    summary: 'one dead letter with everything in it',
    description:
      'Shows the error, the headers and the message as JSON; where it cannot be read, why, and its bytes in hex.',
    arguments: [{ name: 'ID', help: 'its number, as in `dlq list`; or the id of its event' }],
    examples: [['dlq show 42', 'for people']],
  },
  trace: {
    summary: 'everything that one request caused',
    description:
      'Draws the events that followed from one request as a tree, each under the event that caused it, with the time that passed since the first. Dead letters and replays are marked. The id of the request is in the header X-Request-Id of its answer and in every log line about it.',
    arguments: [{ name: 'ID', help: 'the id of a request, of an event or of an analysis' }],
    examples: [
      ['trace 8a7be1f0-3c55-4a11-9a57-0c5bd4a2f7e3', 'by request, event or analysis'],
      ['trace 8a7be1f0-3c55-4a11-9a57-0c5bd4a2f7e3 --json', 'for programs'],
    ],
  },
  audit: {
    summary: 'look up what happened',
    description:
      'Shows events of the audit log, newest first: those about somebody or something, of a subject, or from a time on; a subject alone means the last 7 days. The log keeps every event of users, subscriptions, analyses and gamification for two years.',
    arguments: [],
    examples: [
      ['audit --about did:plc:ewvi7nxzyoun6zhxrhs64oiz --since 1d', 'what happened to a user today'],
      ["audit --subject 'events.achievement.>' --since 1h", 'the newest achievements'],
    ],
  },
} as const;
