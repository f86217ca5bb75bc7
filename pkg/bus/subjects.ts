/** Every subject that an event is published under: `events.<domain>.<past-tense verb>[.<sub>]`. */
export const SUBJECTS = {
  userRegistered: 'events.user.registered',
  userUpdated: 'events.user.updated',
  userDeleted: 'events.user.deleted',
  userTierChanged: 'events.user.tier_changed',
  subscriptionCreated: 'events.subscription.created',
  subscriptionCanceled: 'events.subscription.canceled',
  subscriptionPaymentFailed: 'events.subscription.payment_failed',
  timelineRequested: 'events.timeline.requested',
  timelineCompleted: 'events.timeline.completed',
  timelineFailed: 'events.timeline.failed',
  xpEarned: 'events.xp.earned',
  achievementUnlocked: 'events.achievement.unlocked',
  streakBroken: 'events.streak.broken',
  realtimeAnalysisCompleted: 'events.realtime.analysis_completed',
  realtimeAnalysisFailed: 'events.realtime.analysis_failed',
  realtimeXpEarned: 'events.realtime.xp_earned',
  realtimeAchievementUnlocked: 'events.realtime.achievement_unlocked',
  realtimeLevelUp: 'events.realtime.level_up',
  realtimeStreakBroken: 'events.realtime.streak_broken',
  realtimeTierLimitWarning: 'events.realtime.tier_limit_warning',
} as const;

/** A subject of the table. */
export type Subject = (typeof SUBJECTS)[keyof typeof SUBJECTS];

/** Where the bytes of a message go that could not be handled. */
export function dlqSubject(subject: string): string {
  return `dlq.${subject}`;
}
