import type { Entry } from './entry.ts';

/** Those that go by a single moment, which nothing remembers: so none of them may ask for a tier. */
export const BY_MOMENT: readonly Entry[] = [
  {
    slug: 'night_owl',
    name: 'Night Owl',
    description: 'Make an analysis between 00:00 and 04:00 UTC.',
    icon: '🦉',
    rarity: 'common',
    criterion: { type: 'special', threshold: 1, config: { special: 'hours', fromHour: 0, toHour: 4 } },
  },
  {
    slug: 'early_bird',
    name: 'Early Bird',
    description: 'Make an analysis between 05:00 and 07:00 UTC.',
    icon: '🐦',
    rarity: 'common',
    criterion: { type: 'special', threshold: 1, config: { special: 'hours', fromHour: 5, toHour: 7 } },
  },
  {
    slug: 'strong_flow',
    name: 'Strong Flow',
    description: 'Get a Flow score of 7.0 or more.',
    icon: '💪',
    rarity: 'uncommon',
    criterion: { type: 'special', threshold: 7, config: { special: 'score', lens: 'flow' } },
  },
  {
    slug: 'much_liked',
    name: 'Much Liked',
    description: 'Get a Kudos score of 8.5 or more.',
    icon: '💙',
    rarity: 'rare',
    criterion: { type: 'special', threshold: 8.5, config: { special: 'score', lens: 'kudos' } },
  },
  {
    slug: 'elite',
    name: 'Elite',
    description: 'Get a score of 9.5 or more with any lens.',
    icon: '💎',
    rarity: 'epic',
    criterion: { type: 'special', threshold: 9.5, config: { special: 'score', lens: null } },
  },
  {
    slug: 'second_wind',
    name: 'Second Wind',
    description: 'Come back after losing a streak of 7 days or more.',
    icon: '🌱',
    rarity: 'uncommon',
    criterion: { type: 'special', threshold: 7, config: { special: 'back_after_streak' } },
  },
];
