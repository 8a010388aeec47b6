import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { attempt } from '#core/api/task.ts';
import { count, duration, formatVersion, ordinal, retryBudget, strings, time } from './values.ts';

const container = z.strictObject({
  name: z.string(),
  type: z.enum(['container', 'init', 'sidecar']),
  state: z.enum(['waiting', 'running', 'exited']),
  reason: z.string().optional(),
  message: z.string().optional(),
  exitCode: z.int().optional(),
  signal: z.int().optional(),
  startedAt: time().optional(),
  finishedAt: time().optional(),
});
/** A container of a Pod, as `status` shows it. Optional fields are absent where the kubelet has said nothing. */
export type ContainerState = Infer<typeof container>;

const pod = z.strictObject({
  name: z.string(),
  uid: z.string().optional(),
  phase: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  node: z.string().optional(),
  createdAt: time().optional(),
  deletingAt: time().optional().describe('Since when its deletion runs, where somebody asked for that.'),
  containers: z.array(container).describe('Init containers first, both in the order of the spec.'),
});
export type PodState = Infer<typeof pod>;

const queue = z.strictObject({
  agent: z.string(),
  position: ordinal().describe('From 1.'),
  waiting: count().describe('How many wait, this one included.'),
  ahead: strings().describe('Who goes before it, the next one first; 100 at most.'),
  holders: strings().describe('Who holds a place.'),
  slots: count().optional().describe('How many may hold one; absent: no limit.'),
  notBefore: time().optional().describe('No place before this time (a quota).'),
  closed: z.literal(true).optional().describe('The Agent starts nothing now: suspended, or its server is not ready.'),
});
/** Where a Task stands that waits for a place of its Agent. */
export type QueueState = Infer<typeof queue>;

const blocked = z.strictObject({
  reason: z.string().describe('`SchedulingGated`, `Unschedulable`, `ImagePull`, `Configuration`.'),
  message: z.string(),
  since: time(),
  givenUpAfter: duration().optional().describe('How long it may be so, where the Task’s own spec says it: a Go duration.'),
});
export type BlockedState = Infer<typeof blocked>;

const attemptState = attempt
  .pick({
    number: true,
    podName: true,
    node: true,
    cause: true,
    container: true,
    exitCode: true,
    signal: true,
    message: true,
    times: true,
    log: true,
  })
  .extend({ pod: pod.optional().describe('Its Pod, where that is still there.') });
export type AttemptState = Infer<typeof attemptState>;

/** As the object has it: whoever wrote it may have left the pattern of the CRD. */
const condition = z.strictObject({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: time(),
});

const task = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  uid: z.string().optional(),
  phase: z.string().describe('`Pending` also where no controller has looked at it.'),
  cause: z.string().optional().describe('Why the Task ended otherwise than by success, or waits.'),
  message: z.string().optional().describe('Details for people.'),
  agent: z.string().optional().describe('Name of its Agent. Exactly one of `agent` and `template`.'),
  template: z.string().optional().describe('Name of its AgentTemplate.'),
  stopping: z.literal(true).optional().describe('Somebody asked it to stop, and it has not ended.'),
  createdAt: time().optional(),
  times: z.record(z.string(), time()).describe('`queued`, `podCreated`, `scheduled`, `running`, `finished`.'),
  queue: queue.optional().describe('Only while it waits for a place of its Agent.'),
  blocked: blocked.optional().describe('What keeps its Pod from running.'),
  next: z
    .strictObject({ attempt: ordinal(), dueAt: time().optional().describe('At the earliest; absent: as soon as it can.') })
    .optional()
    .describe('Only between two attempts.'),
  retries: z.array(retryBudget).optional().describe('Absent where no retry is wanted, and none was spent.'),
  conditions: z.array(condition),
  attempts: z.array(attemptState).describe('Oldest first; the status keeps the last 10.'),
});
export type TaskState = Infer<typeof task>;

export const statusSchema = z
  .strictObject({
    formatVersion,
    at: time().describe('When it was made.'),
    tasks: z.array(task).describe('In the order of the names that were asked for, else by namespace and name.'),
    counts: z.strictObject({
      phases: z.record(z.string(), count()).describe('How many Tasks are in each phase.'),
      causes: z.record(z.string(), count()).describe('How many have each cause.'),
    }),
  })
  .describe('What `kubectl opencode status -o json` prints: where Tasks stand.');
/** What `status -o json` prints. Within a version fields are added, never changed or removed; optional fields are absent where nothing is known. */
export type StatusReport = Infer<typeof statusSchema>;
