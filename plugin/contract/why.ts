import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { attempt } from '#core/api/task.ts';
import { TASK_OUTCOMES } from '#core/contract/task-outcome.ts';
import { plannedAction } from './plan.ts';
import { controller, coreDigest, count, duration, formatVersion, json, ordinal, retryBudget, strings, time } from './values.ts';
import { advice, again, change, course } from './why-changes.ts';

const reason = z
  .strictObject({
    rule: z.string().describe('Stable identifier such as `task/stop`.'),
    module: z.literal('core'),
    says: z.string().describe('One sentence for people.'),
    facts: z.record(z.string(), json()).describe('What the rule went by.'),
  })
  .meta({ id: 'Reason', description: 'A rule that fired.' });

const since = z
  .strictObject({
    at: time(),
    ago: duration().describe('Go duration.'),
    by: z.string().describe('Who says so, such as `Queued=True/AgentAtCapacity` or `startTime`.'),
  })
  .meta({ id: 'Since' });
export type WhySince = Infer<typeof since>;

const until = z.strictObject({
  at: time(),
  in: duration().describe('Go duration.'),
  isLatest: z.literal(true).optional().describe('It may be sooner: when the last try was is not known.'),
  leadsTo: z.string(),
  course,
});
/** When the core looks again if nothing happens before, and what it does then. */
export type WhyUntil = Infer<typeof until>;

const moment = until.omit({ isLatest: true }).extend({ by: z.enum(['Controller', 'Kubelet']) });
export type WhyMoment = Infer<typeof moment>;

const quota = z.strictObject({
  max: count().describe('So many may start in the window.'),
  windowSeconds: count(),
  starts: z
    .array(z.strictObject({ task: z.string(), at: time(), leavesAt: time() }))
    .describe('Starts that count now, oldest first; `leavesAt` is when each counts no longer.'),
});
/** How an Agent's sliding window of starts stands. */
export type WhyQuota = Infer<typeof quota>;

const holder = z.strictObject({
  name: z.string(),
  phase: z.string(),
  since: since.optional().describe('Since when it holds the place: the creation of its Pod.'),
  pod: z.string().optional(),
  timesOutAt: time().optional().describe('When its timeout ends it; absent: no time is set.'),
  isEnding: z.literal(true).optional().describe('Somebody asked it to end.'),
});
export type WhyHolder = Infer<typeof holder>;

const ahead = z.strictObject({
  name: z.string(),
  priority: z.int(),
  createdAt: time().optional(),
  by: z
    .enum(['Priority', 'Age'])
    .describe('Why it goes before: a higher priority, or because it is older (with its name, among equals). Asked of the core.'),
});
export type WhyAhead = Infer<typeof ahead>;

const queue = z.strictObject({
  agent: z.string().describe('Name of the Agent.'),
  position: ordinal().optional().describe('From 1; absent where the others can’t be listed.'),
  waiting: count().optional().describe('How many wait, this one included.'),
  slots: count().optional().describe('How many may hold a place at once; absent: no limit.'),
  holding: strings().optional(),
  ahead: strings().optional().describe('Who goes before, first first.'),
  holders: z.array(holder).optional().describe('What is known of those that hold a place, in the order of `holding`.'),
  before: z.array(ahead).optional().describe('What is known of those that go before, in the order of `ahead`.'),
  isClosed: z.literal(true).optional().describe('The Agent gives no place at all now.'),
  notBefore: time().optional(),
  quota: quota.optional(),
  isFree: z
    .literal(true)
    .optional()
    .describe('A place is free for it and for all ahead of it: the controller gives it as soon as it looks.'),
});
export type WhyQueue = Infer<typeof queue>;

const pod = z.strictObject({
  name: z.string(),
  uid: z.string().optional(),
  phase: z.string(),
  node: z.string().optional(),
  deletionTimestamp: time().optional(),
  deadlineAt: time().optional().describe('When the kubelet ends it: its `activeDeadlineSeconds`.'),
  troubles: strings().describe('What of it is not as it should be: conditions that are not True and say why, containers that wait.'),
  ended: strings().describe('How its containers have ended, init containers first.'),
});
export type WhyPod = Infer<typeof pod>;

const blocked = z.strictObject({
  reason: z.string().describe('`SchedulingGated`, `Unschedulable`, `ImagePull`, `Configuration`.'),
  message: z.string(),
  since: time(),
  givenUpAt: time().optional().describe('When the attempt ends for it; absent: never.'),
});
export type WhyBlocked = Infer<typeof blocked>;

const next = z.strictObject({
  attempt: ordinal(),
  because: z.string().describe('How the one before ended, and what the next is paid from.'),
  dueAt: time().optional().describe('At the earliest; absent: as soon as it can.'),
  in: duration().optional().describe('Go duration.'),
});

const wait = z.strictObject({ who: z.string(), waitsFor: z.string(), until: time().optional() });
export type WhyWait = Infer<typeof wait>;

const end = z.strictObject({
  phase: z.string(),
  cause: z.string().optional(),
  message: z.string().optional(),
  at: time().optional(),
  attempts: z.array(attempt).describe('As the status keeps them: cause, container, exit code, signal, node, times.'),
  result: json().optional().describe('What the agent left.'),
  reasons: z
    .array(reason)
    .optional()
    .describe('The rules by which it ended, with the facts of its Pod; absent where the Pod is gone, or no longer shows it.'),
  retriedWith: change
    .pick({ change: true, command: true })
    .optional()
    .describe('With this in its spec it would have been tried again by itself.'),
});
export type WhyEnd = Infer<typeof end>;

const kept = z.strictObject({
  deletedAt: time().optional().describe('Its time after the end is over then.'),
  ofOutcome: z.enum(TASK_OUTCOMES).optional().describe('Only those that ended like it count.'),
  rank: count().optional().describe('So many of the namespace ended after it, of `limit` that are kept.'),
  limit: count().optional(),
  deletedAfter: count().optional().describe('It is deleted when so many more have ended.'),
});
export type WhyKept = Infer<typeof kept>;

export const whySchema = z
  .strictObject({
    formatVersion,
    core: coreDigest,
    at: time().describe('The moment that is explained.'),
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    phase: z.string().describe('As the Task’s status has it; `Pending` for one that was not looked at yet.'),
    cause: z.string().optional(),
    message: z.string().optional(),
    course,
    isBlind: z
      .literal(true)
      .optional()
      .describe(
        'What the core asked for could not be read, for this user or just now: `says` and `reasons` are about that alone, and the status is what is known.',
      ),
    answer: z.string().describe('In one sentence, for people: the first thing to know.'),
    says: z.string().describe('In one sentence, by the core.'),
    since: since.optional(),
    until: until.optional().describe('When the core looks again if nothing happens before, and what it does then.'),
    coming: z.array(moment).describe('What comes, in order, when nothing but time changes.'),
    reasons: z.array(reason),
    actions: z
      .array(plannedAction.omit({ object: true, reason: true }))
      .describe('What the controller has to do now, in order; Events are left out.'),
    refusal: z
      .strictObject({ message: z.string(), condition: z.string().describe('Where it stands.') })
      .optional()
      .describe('What the API server said to the last try.'),
    queue: queue.optional(),
    pod: pod.optional(),
    blocked: blocked.optional().describe('What keeps the Pod from running, as the controller has told it.'),
    next: next.optional().describe('Only between two attempts: the one that comes.'),
    attempts: z.array(attempt).optional().describe('Attempts that have ended, of a Task that has not; the last 10.'),
    retries: z.array(retryBudget).optional().describe('Absent where no retry is wanted, and none was spent.'),
    waits: z.array(wait).describe('Who waits for whom where the Task or its Pod is being deleted.'),
    end: end.optional().describe('Only of a Task that has ended.'),
    kept: kept.optional().describe('Only of a Task that has ended: how long it is kept. Without fields: until somebody deletes it.'),
    again: again.optional().describe('Only of a Task that has ended otherwise than by success: what one more attempt would come to.'),
    advice: z
      .array(advice)
      .optional()
      .describe('What is likely to help the next attempt, by what ended the last one; absent where nothing is known.'),
    changes: z.array(change).describe('Single changes that were tried: those that are enough first, of each the smaller ones first.'),
    controller: controller.optional(),
    lacks: z
      .array(z.strictObject({ what: z.string(), message: z.string() }))
      .describe('What this user may not read: the explanation goes without it.'),
  })
  .describe('What `kubectl opencode why -o json` prints: why a Task is where it is, and what would let it go on.');
/** The contract of `why -o json`. Fields are added within a version, never changed or removed. */
export type Why = Infer<typeof whySchema>;
