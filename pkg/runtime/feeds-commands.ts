/** The commands of `skyflow feeds`, a part of `COMMANDS`. */
export const FEEDS_COMMANDS = {
  'feeds list': {
    summary: 'the feeds there are, and how each is doing',
    description:
      'Shows every feed: whether it is the same for all or made for each viewer, how many posts it holds, when it was ranked, under which accounts it is published, and what is wrong with folders that could not be read.',
    arguments: [],
    examples: [
      ['feeds list', 'ours and those of --feeds-dir'],
      ['feeds list --json', 'for programs'],
    ],
  },
  'feeds check': {
    summary: 'find mistakes in feed folders',
    description:
      'Reads feed folders, tries their statements, and explains every mistake with the file it is in. Nothing is published or changed. Ends with status 1 when there is a mistake.',
    arguments: [{ name: 'DIR', help: 'a folder that holds feed folders; else --feeds-dir', takes: 'optional' }],
    examples: [
      ['feeds check ./my-feeds', 'before it is used as --feeds-dir'],
      ['feeds check', 'everything that is in use'],
    ],
  },
  'feeds preview': {
    summary: 'rank a feed now and show its posts',
    description:
      'Ranks a feed and shows its posts with place, score, author and the first words, and what was left out. A feed that is made for its viewer needs --viewer, else what people see who are not signed in is shown.',
    arguments: [{ name: 'RKEY', help: 'the name of the feed, as in `feeds list`' }],
    examples: [
      ['feeds preview whats-hot', 'the first 20 posts'],
      ['feeds preview flow --viewer alice.example.com --limit 50', 'as alice sees it'],
      ['feeds preview pulse --langs en,pt', 'for someone who reads English and Portuguese'],
    ],
  },
  'feeds explain': {
    summary: 'why a post is, or is not, in a feed',
    description:
      'Says where a post stands in a feed and what its score is made of, or which condition or filter keeps it out.',
    arguments: [
      { name: 'RKEY', help: 'the name of the feed' },
      { name: 'POST', help: 'at://DID/app.bsky.feed.post/KEY, or the link of the post on bsky.app' },
    ],
    examples: [
      [
        'feeds explain whats-hot at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3l6oveex3ii2l',
        'by its at-uri',
      ],
      [
        'feeds explain flow https://bsky.app/profile/bob.example.com/post/3l6oveex3ii2l --viewer alice.example.com',
        'for alice',
      ],
    ],
  },
  'feeds why-empty': {
    summary: 'why a feed shows nothing, or little',
    description:
      'Ranks a feed and counts what became of every row of its statement: none came back, or which filter dropped them, or that it was never ranked because its statement fails.',
    arguments: [{ name: 'RKEY', help: 'the name of the feed' }],
    examples: [
      ['feeds why-empty my-team', 'a feed for all'],
      ['feeds why-empty mutuals --viewer alice.example.com', 'a feed as alice sees it'],
    ],
  },
  'feeds publish': {
    summary: 'make feeds known to Bluesky, under an account of yours',
    description:
      'Writes the record of each feed into the repository of an account, with its picture. Shows first what would change, and asks; where nothing is different nothing is written. Asks for an app password (Bluesky: Settings, Privacy and security, App passwords), or reads it from a file that only you can read. It is used for this and not kept.',
    arguments: [{ name: 'RKEY', help: 'the names of the feeds, or --all', takes: 'many' }],
    examples: [
      ['feeds publish whats-hot --account alice.example.com', 'one feed; asks for the app password'],
      ['feeds publish --all --account alice.example.com --dry-run', 'what would change'],
      ['feeds publish --all --account alice.example.com --password-file ./app-password --yes', 'for a script'],
    ],
  },
  'feeds unpublish': {
    summary: 'take a published feed back',
    description:
      'Deletes the record of a feed from the repository of the account. Those who subscribed lose the feed, and likes of it are not kept. The feed itself stays as it is.',
    arguments: [{ name: 'RKEY', help: 'the name of the feed' }],
    examples: [['feeds unpublish whats-hot --account alice.example.com', 'asks for the app password, then once more']],
  },
  'feeds stats': {
    summary: 'how much feeds are read',
    description:
      'Shows requests, distinct viewers, depth and interactions of each feed for each day. Viewers are counted, never named.',
    arguments: [{ name: 'RKEY', help: 'one feed; else all, in total', takes: 'optional' }],
    examples: [
      ['feeds stats', 'all feeds, the last 7 days'],
      ['feeds stats whats-hot --days 30', 'one feed, day by day'],
    ],
  },
  'feeds ban': {
    summary: 'keep an account or a post out of all feeds',
    description: 'Takes effect at once, on every page of every feed. Done a second time it changes the reason.',
    arguments: [{ name: 'SUBJECT', help: 'a handle, a DID, an at-uri or a bsky.app link' }],
    examples: [
      ['feeds ban spam.example.com --reason "sells followers"', 'an account'],
      ['feeds ban https://bsky.app/profile/bob.example.com/post/3l6oveex3ii2l', 'one post'],
    ],
  },
  'feeds unban': {
    summary: 'lift a ban',
    description: 'The account or the post is shown again from the next ranking on.',
    arguments: [{ name: 'SUBJECT', help: 'as in `feeds bans`' }],
    examples: [['feeds unban spam.example.com', 'an account']],
  },
  'feeds bans': {
    summary: 'who and what is banned',
    description: 'Lists all bans with their reasons, newest first.',
    arguments: [],
    examples: [['feeds bans', 'for people']],
  },
  'feeds members': {
    summary: 'the members of a feed',
    description:
      'Shows the accounts whose posts a feed of members shows, after adding and removing some where that was asked.',
    arguments: [{ name: 'RKEY', help: 'the name of the feed' }],
    examples: [
      ['feeds members my-team', 'who is in it'],
      ['feeds members my-team --add alice.example.com --add bob.example.com', 'two more'],
      ['feeds members my-team --remove did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'one less'],
    ],
  },
  'feeds keys create': {
    summary: 'make a key for a program of yours',
    description:
      'Makes an API key and shows it once: only its hash is kept. The program sends it as `Authorization: Bearer KEY`.',
    arguments: [{ name: 'NAME', help: 'what it is for: moderation-bot' }],
    examples: [
      ['feeds keys create moderation-bot --scopes bans:read,bans:write', 'may ban and lift bans, nothing else'],
      ['feeds keys create sync --scopes members:write --expires 90d', 'ends by itself'],
    ],
  },
  'feeds keys list': {
    summary: 'the keys there are',
    description: 'Shows each key with its first characters, what it may do, and when it was last used.',
    arguments: [],
    examples: [['feeds keys list', 'for people']],
  },
  'feeds keys revoke': {
    summary: 'end a key',
    description: 'The key is refused from now on. This cannot be undone; make a new one.',
    arguments: [{ name: 'KEY', help: 'its id or its name, as in `feeds keys list`' }],
    examples: [['feeds keys revoke moderation-bot', 'by its name']],
  },
} as const;
