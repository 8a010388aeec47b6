import * as z from 'zod';
import { taskCleanup } from './cleanup.ts';
import { API_VERSION, conditions, duration, type Infer, metadata, nameRef, type Resource, time, withRules } from './common.ts';
import { contexts } from './context.ts';
import { pendingTimeouts, retry } from './retry.ts';
import { stop } from './task-parts.ts';

export const taskSpec = withRules(
  z.strictObject({
    description: z.string().optional().describe('What the agent is to do; becomes task.md in its workspace.'),
    contexts: contexts.optional().describe('What the agent is to know beside the contexts of its Agent or AgentTemplate.'),
    agentRef: nameRef.optional().describe('Agent that runs the Task. Exactly one of agentRef and templateRef.'),
    templateRef: nameRef.optional().describe('AgentTemplate that the Task’s Pod is made from. Exactly one of agentRef and templateRef.'),
    timeout: duration
      .optional()
      .describe('Longest time that an attempt may take from the creation of its Pod, such as 30m. Default: none.'),
    stop: stop.optional().describe('How the Task is stopped.'),
    retry: retry.optional().describe('How the Task is tried again when it fails. Default: not at all.'),
    pendingTimeouts: pendingTimeouts
      .optional()
      .describe('How long its Pod may be kept from running. Default: for ever; a condition says why.'),
    suspend: z.boolean().optional().describe('Hold the Task before it starts; a Task that runs is not touched. Default: false.'),
    priority: z.int32().optional().describe('Order in the Agent’s queue: higher goes first. Default: 0.'),
    managedBy: z
      .string()
      .max(63)
      .optional()
      .describe('Controller that owns this Task, as a domain with a path; immutable. Default: kubeopencode.io/task-controller.'),
    cleanup: taskCleanup.optional().describe('Overrides the cluster’s clean-up for this Task.'),
  }),
  [
    {
      cel: 'has(self.agentRef) || has(self.templateRef)',
      message: 'either agentRef or templateRef must be specified',
      holds: (spec) => spec.agentRef !== undefined || spec.templateRef !== undefined,
    },
    {
      cel: '!(has(self.agentRef) && has(self.templateRef))',
      message: 'only one of agentRef or templateRef can be specified',
      holds: (spec) => spec.agentRef === undefined || spec.templateRef === undefined,
    },
    {
      cel: "!has(self.managedBy) || self.managedBy.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9._~-]+$')",
      message: 'managedBy must be a domain and a path, such as example.com/controller',
      holds: (spec) => spec.managedBy === undefined || /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9._~-]+$/.test(spec.managedBy),
      field: 'managedBy',
    },
    {
      cel: 'has(self.managedBy) == has(oldSelf.managedBy) && (!has(self.managedBy) || self.managedBy == oldSelf.managedBy)',
      message: 'managedBy is immutable',
      holds: () => true,
      field: 'managedBy',
      transition: true,
    },
  ],
);
export type TaskSpec = Infer<typeof taskSpec>;

export const taskPhase = z.enum(['Pending', 'Queued', 'Running', 'Completed', 'Failed']);
export type TaskPhase = Infer<typeof taskPhase>;

/** Why a Task ended otherwise than by success, or waits. */
export const cause = z.enum([
  'Application',
  'OutOfMemory',
  'Evicted',
  'Preempted',
  'NodeLost',
  'PodDeleted',
  'Image',
  'Configuration',
  'Unschedulable',
  'InitContainer',
  'Rejected',
  'Timeout',
  'Stopped',
  'Agent',
  'Context',
  'Engine',
]);
export type Cause = Infer<typeof cause>;

const attemptTimes = {
  podCreated: time().optional().describe('Pod created.'),
  scheduled: time().optional().describe('Pod bound to a node.'),
  running: time().optional().describe('Agent container started.'),
  finished: time().optional().describe('Ended.'),
};

export const attempt = z.strictObject({
  number: z.int32().min(1).describe('From 1.'),
  podName: z.string().optional(),
  podUID: z.string().optional(),
  node: z.string().optional().describe('Node that the Pod ran on.'),
  cause: cause.optional().describe('Why the attempt ended otherwise than by success.'),
  container: z.string().optional().describe('Container that decided the end.'),
  exitCode: z.int32().optional(),
  signal: z.int32().optional(),
  message: z.string().max(4096).optional().describe('Details for people.'),
  times: z.strictObject(attemptTimes).optional(),
  log: z
    .strictObject({
      configMapName: z.string().optional().describe('ConfigMap of the Task that holds it, under the key of the container’s name.'),
      bytes: z.int().min(0).optional(),
      truncated: z.boolean().optional().describe('Whether there was more before it.'),
      missing: z.string().max(1024).optional().describe('Why there is none.'),
    })
    .optional()
    .describe('End of the container’s log, kept because the Pod was deleted.'),
});
export type Attempt = Infer<typeof attempt>;

const session = z.strictObject({
  id: z.string().optional(),
  title: z.string().optional(),
  summary: z
    .strictObject({
      messageCount: z.int32().optional(),
      tokenUsage: z
        .strictObject({
          input: z.int().optional(),
          output: z.int().optional(),
          reasoning: z.int().optional(),
          cache: z.int().optional(),
        })
        .optional(),
      cost: z.string().optional().describe('Decimal number with six digits.'),
      filesChanged: z.int32().optional(),
      additions: z.int32().optional(),
      deletions: z.int32().optional(),
    })
    .optional(),
});
export type Session = Infer<typeof session>;

export const taskStatus = z.strictObject({
  observedGeneration: z.int().optional(),
  phase: taskPhase.optional().describe('Where the Task is in its life. Absent: not looked at yet.'),
  agentRef: nameRef.optional().describe('Agent that the Task was started with.'),
  templateRef: nameRef.optional().describe('AgentTemplate that the Task was started with.'),
  podName: z.string().optional().describe('Pod of the latest attempt.'),
  session: session.optional().describe('OpenCode session on the Agent’s server (Attach only).'),
  startTime: time().optional(),
  completionTime: time().optional(),
  cause: cause.optional().describe('Why the Task ended otherwise than by success, or waits.'),
  message: z.string().max(4096).optional().describe('Details for people.'),
  attemptCount: z.int32().min(0).optional().describe('How many attempts there were.'),
  attempts: z
    .array(attempt)
    .max(10)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('The last 10 attempts, oldest first.'),
  nextAttemptTime: time().optional().describe('When the next attempt is due, at the earliest.'),
  retries: z
    .strictObject({
      limit: z.int32().min(0).optional().describe('Of retry.limit.'),
      unstarted: z.int32().min(0).optional().describe('For nothing: the platform ended the Pod before the agent had started.'),
      causes: z.record(z.string(), z.int32().min(0)).optional().describe('Of each limit in retry.causes.'),
    })
    .optional()
    .describe('How many retries are spent.'),
  times: z
    .strictObject({ queued: time().optional().describe('First seen waiting.'), ...attemptTimes })
    .optional()
    .describe('When what happened; of the latest attempt.'),
  result: z
    .unknown()
    .optional()
    .describe(
      'JSON object that the agent left in its termination message (/dev/termination-log), at most 4 KiB; the kubelet cuts at 12 KiB divided by the number of the Pod’s containers, init containers too, and what is cut is no JSON. Nulls are left out, and passwords in URLs; nothing else is, so keep secrets out of it.',
    ),
  conditions: conditions.optional(),
});
export type TaskStatus = Infer<typeof taskStatus>;

/** One assignment for an agent: runs as one Pod. */
export const taskSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Task'),
  metadata,
  spec: taskSpec,
  status: taskStatus.optional(),
});
export type Task = Resource<TaskSpec, TaskStatus>;
