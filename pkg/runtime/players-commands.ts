/** The commands about users and what they earned, a part of `COMMANDS`. */
export const PLAYERS_COMMANDS = {
  'users tier': {
    summary: 'put a user on a tier',
    description:
      'Sets what somebody may do and how their XP is multiplied: drift, lift, jet or orbit. Takes effect at their next request; freezes for streaks come on the 1st of a month.',
    arguments: [
      { name: 'ACCOUNT', help: 'the handle with which they signed in last, or their DID' },
      { name: 'TIER', help: 'drift, lift, jet or orbit' },
    ],
    examples: [
      ['users tier alice.example.com orbit', 'everything there is'],
      ['users tier did:plc:ewvi7nxzyoun6zhxrhs64oiz drift --reason "left the team"', 'back to the first'],
    ],
  },
  'xp rebuild': {
    summary: 'make everything that follows from the XP ledger again',
    description:
      'Makes totals, streaks, achievements, weeks and leaderboards anew from the ledger, which alone is the truth. Nothing is told to anybody and nothing is counted twice. Safe while Skyflow runs, and to be repeated.',
    arguments: [],
    examples: [
      ['xp rebuild', 'after restoring a backup, or when a number looks wrong'],
      ['xp rebuild --json', 'for programs'],
    ],
  },
} as const;
