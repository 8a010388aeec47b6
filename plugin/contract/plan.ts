import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { ASSUMPTIONS } from '../plan/assumptions.ts';
import { coreDigest, count, duration, formatVersion, json, kubernetesObject, offset, ordinal, strings, time } from './values.ts';

const change = z
  .strictObject({
    path: z
      .string()
      .describe(
        '`status.phase`, `metadata.annotations["kubeopencode.io/stop"]`, `status.conditions[type=Queued]`, `status.attempts[number=1].cause`; an item of a plain list has the list’s path.',
      ),
    op: z.enum(['add', 'remove', 'replace']),
    from: json().optional().describe('What was there; absent with `add`.'),
    to: json().optional().describe('What is there then; absent with `remove`.'),
  })
  .meta({ id: 'Change', description: 'One field that is different afterwards.' });
/** One field that is different afterwards. */
export type Change = Infer<typeof change>;

/** What is done, in the words of the contract; `why` tells the same of what comes next. */
export const plannedAction = z.strictObject({
  verb: z.enum(['create', 'patch', 'delete', 'event', 'effect', 'record']),
  kind: z.string().describe('Kind of the object; of `effect` the kind of work.'),
  name: z.string().describe('Name of the object.'),
  reason: z.string().describe('Identifier of the rule that wants it.'),
  subresource: z.literal('status').optional(),
  object: kubernetesObject.optional().describe('Of `create`: the whole object.'),
  patch: z.record(z.string(), json()).optional().describe('Of `patch`: what is sent.'),
  gracePeriodSeconds: count().optional().describe('Of `delete`.'),
  log: z
    .strictObject({ container: z.string(), configMapName: z.string(), limitBytes: count() })
    .optional()
    .describe('Of a log whose end is kept: which, and where.'),
  event: z.strictObject({ type: z.string(), reason: z.string(), note: z.string() }).optional().describe('Of `event`.'),
  refused: z.string().optional().describe('The API server of the plan refused it: why.'),
});
export type PlannedAction = Infer<typeof plannedAction>;

const planTime = z.strictObject({ at: offset().describe('Since the plan’s beginning: `+1h`.'), time: time() }).meta({ id: 'PlanTime' });
export type PlanTime = Infer<typeof planTime>;

const planQueue = z.strictObject({
  agent: z.string(),
  position: ordinal().describe('From 1.'),
  waiting: count().describe('How many wait, this one included.'),
  ahead: strings().describe('Names of those that go before it, the next one first; at most 10.'),
  holding: strings().describe('Names of those that hold a place; at most 10.'),
  taken: count().describe('How many hold one.'),
  slots: count().optional().describe('How many may hold one; absent: no limit.'),
  isClosed: z.literal(true).optional().describe('The Agent gives no place at all now.'),
  notBefore: planTime.optional().describe('No place before this time (a quota).'),
});
export type PlanQueue = Infer<typeof planQueue>;

const planNext = z
  .strictObject({
    says: z.string().describe('What it waits for, in the core’s words.'),
    until: planTime.optional().describe('When the controller looks again if nothing happens before; absent: only a change wakes it.'),
    dependsOn: z
      .array(
        z.strictObject({ kind: z.enum(['Task', 'Pod', 'Agent', 'AgentTemplate', 'ConfigMap']), namespace: z.string(), name: z.string() }),
      )
      .describe('Watched objects whose change wakes it; a change of the Task itself always does.'),
    pod: z.string().optional().describe('It has a Pod that has not ended: what becomes of that wakes it.'),
    queue: planQueue.optional().describe('Its place at its Agent, where it waits for one.'),
  })
  .meta({ id: 'PlanNext', description: 'Nothing more happens to the Task until one of these.' });
/** Nothing more happens to a Task until one of these. */
export type PlanNext = Infer<typeof planNext>;

const outlook = z
  .enum(['Starts', 'Runs', 'Ends', 'Waits', 'Blocked', 'Finished', 'Deleted'])
  .describe(
    '`Starts` a Pod, `Runs` on one, `Waits` for its turn or for something that lacks, `Ends`; `Blocked` for as long as the plan looks ahead; `Finished` before the plan began, `Deleted` then or at once.',
  );
/**
 * `Starts` a Pod, `Runs` on one, `Waits` for its turn or for something that lacks, `Ends`; `Blocked` for as long as the plan looks ahead; `Finished` before
 * the plan began, `Deleted` then or at once.
 */
export type Outlook = Infer<typeof outlook>;

const stepAction = plannedAction.extend({
  id: z.string().describe('As in the journal of the controller.'),
  changes: z.array(change).optional().describe('Of `patch`: what it changes in the object as it stands at that step.'),
});
export type PlannedStepAction = Infer<typeof stepAction>;

const step = z.strictObject({
  at: offset().describe('Since the plan’s beginning: `+0s`, `+1m30s`.'),
  actions: z.array(stepAction),
  says: z.string().describe('Why, in words.'),
  rules: strings().describe('Identifiers of the rules that fired.'),
  again: z
    .strictObject({ times: ordinal(), last: offset() })
    .optional()
    .describe('The same was tried again and refused again: so often, the last time then.'),
  next: planNext
    .optional()
    .describe('What is waited for before anything more happens, where this is the last step of its moment and the Task has not ended.'),
});
export type PlanStep = Infer<typeof step>;

const end = z.strictObject({
  phase: z
    .string()
    .describe('Phase at the end of the plan; not a final one when the horizon came first. `Deleted` for a Task that was gone before.'),
  cause: z.string().optional(),
  message: z.string().optional(),
  at: offset().optional().describe('Absent: it has not ended before the horizon.'),
  deletedAt: offset().optional().describe('When the Task itself was deleted.'),
});
export type PlanEnd = Infer<typeof end>;

const task = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  outlook: outlook.describe('Where the first moment of the plan leaves it.'),
  steps: z.array(step),
  end,
  next: planNext
    .optional()
    .describe('What it waits for where the plan stops: no end before the horizon, or a clean-up that is still to come.'),
  blocked: z.string().optional().describe('Why it can’t go ahead: no Pod is ever created for it, and not because it was told to wait.'),
});
export type PlannedTask = Infer<typeof task>;

const applied = z.strictObject({
  verb: z.enum(['create', 'patch', 'none']),
  kind: z.string(),
  namespace: z.string().describe('Empty for a kind without namespaces.'),
  name: z.string(),
  changes: z.array(change).optional().describe('Of `patch`.'),
});
/** What applying one object of the files does to what is live. */
export type PlannedApply = Infer<typeof applied>;

const nowGroup = z.strictObject({
  outlook,
  says: z.string().describe('The Task’s own Pods are `<task>-pod`.'),
  count: count(),
  first: strings().describe('`namespace/name` of the first few.'),
});
export type NowGroup = Infer<typeof nowGroup>;

const endGroup = z.strictObject({
  type: z
    .enum(['Ends', 'GoesOn', 'Blocked', 'Ended'])
    .describe('`Ends` within the plan, `Ended` before it; `Blocked`; `GoesOn` without an end before the horizon.'),
  phase: z.string(),
  cause: z.string().optional(),
  count: count(),
  first: strings().describe('`namespace/name` of the first few.'),
});
export type EndGroup = Infer<typeof endGroup>;

const summary = z.strictObject({
  tasks: count(),
  now: z.array(nowGroup).describe('How they stand after the first moment of the plan, by reason: most first within an outlook.'),
  ends: z.array(endGroup).describe('What becomes of them before the horizon.'),
});
export type PlanSummary = Infer<typeof summary>;

const lacked = z.strictObject({
  verb: z.enum(['get', 'list']),
  resource: z.string().describe('As RBAC names it: `pods`, `tasks.kubeopencode.io`.'),
  namespace: z.string().optional(),
  name: z.string().optional(),
  message: z.string().describe('What was asked, what came, what to do.'),
  means: z.string().describe('What it means for the plan.'),
});
/** Something that could not be read, so that the plan stands on less. */
export type Lacked = Infer<typeof lacked>;

export const planSchema = z
  .strictObject({
    formatVersion,
    core: coreDigest,
    source: z.enum(['files', 'files and cluster', 'cluster']).describe('What the plan stands on.'),
    assume: z.enum(['as labelled', ...ASSUMPTIONS]).describe('How every Pod ends.'),
    horizon: duration().describe('How far the plan looks ahead: a Go duration.'),
    startsAt: time().describe('The moment that times inside objects and patches count from; made up when no cluster was asked.'),
    applies: z
      .array(applied)
      .optional()
      .describe('What applying the files changes in the cluster, in their order; absent without a cluster or files.'),
    tasks: z.array(task),
    summary,
    lacked: z.array(lacked).describe('What could not be read.'),
  })
  .describe('What `kubectl opencode plan -o json` prints: what the controller will do with Tasks, step by step.');
/** The contract of `plan -o json`. Fields are added within a version, never changed or removed. */
export type Plan = Infer<typeof planSchema>;
