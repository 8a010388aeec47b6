import type { Agent } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { Condition, ContainerState, Pod, PodStatus } from '#core/api/kubernetes.ts';
import type { Task, TaskSpec, TaskStatus } from '#core/api/task.ts';
import type { Effect } from '#core/contract/decision.ts';
import { ANNOTATIONS, LABELS, POD_FINALIZER } from '#core/contract/names.ts';
import { type ReadResult, type Ref, refKey, type Settings, type Snapshot } from '#core/contract/snapshot.ts';

type LogTail = Extract<Effect, { kind: 'LogTail' }>;

/** One object a kind, as small as it can be; each test names what it changes. */
export const NAMESPACE = 'team-a';
export const TASK_UID = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
export const CREATED = '2026-01-01T10:00:00Z';
export const NOW = '2026-01-01T10:05:00.000Z';

export const SETTINGS: Settings = { config: {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 };

/** Settings with this KubeOpenCodeConfig. */
export function configured(config: Settings['config']): Settings {
  return { ...SETTINGS, config };
}

/** Where ADR 0009 holds to the letter: no finalizer, no log is kept, and a stop is a deletion. */
export const BEST_EFFORT = configured({ evidence: 'BestEffort' });

export function task(
  options: { name?: string; spec?: Partial<TaskSpec>; status?: TaskStatus; stop?: boolean; metadata?: Partial<Task['metadata']> } = {},
): Task {
  const name = options.name ?? 'fix-bug';
  return {
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Task',
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: TASK_UID,
      resourceVersion: '100',
      generation: 1,
      creationTimestamp: CREATED,
      ...(options.stop === true ? { annotations: { [ANNOTATIONS.stop]: 'true' } } : {}),
      ...options.metadata,
    },
    spec: { description: 'Fix the bug', templateRef: { name: 'coder' }, ...options.spec },
    ...(options.status === undefined ? {} : { status: options.status }),
  };
}

/** A Task that runs by an Agent instead of a template. */
export function agentTask(options: Parameters<typeof task>[0] = {}): Task {
  const made = task(options);
  const { templateRef: _, ...spec } = made.spec;
  return { ...made, spec: { ...spec, agentRef: { name: 'coder' } } };
}

export function running(more: Partial<TaskStatus> = {}): TaskStatus {
  return { phase: 'Running', podName: 'fix-bug-pod', startTime: CREATED, attemptCount: 1, observedGeneration: 1, ...more };
}

export function condition(type: string, status: Condition['status'], reason: string, since: string = CREATED, message = ''): Condition {
  return { type, status, reason, message, lastTransitionTime: since };
}

/** What the core asks for to keep the end of the Pod's log. */
export function logTail(options: Partial<LogTail> = {}): LogTail {
  return {
    type: 'Effect',
    id: 'log/pod-uid',
    kind: 'LogTail',
    pod: { kind: 'Pod', namespace: NAMESPACE, name: 'fix-bug-pod', uid: 'pod-uid' },
    container: 'agent',
    limitBytes: 100,
    followSeconds: 60,
    configMap: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'fix-bug-log', namespace: NAMESPACE, ownerReferences: pod().metadata.ownerReferences ?? [] },
    },
    ...options,
  };
}

export interface PodOptions {
  readonly phase?: NonNullable<PodStatus['phase']>;
  readonly metadata?: Partial<Pod['metadata']>;
  readonly spec?: Partial<Pod['spec']>;
  readonly status?: Partial<PodStatus>;
  /** State of the container `agent`. */
  readonly agent?: ContainerState;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function pod(options: PodOptions = {}): Pod {
  return {
    metadata: {
      name: 'fix-bug-pod',
      namespace: NAMESPACE,
      uid: 'pod-uid',
      resourceVersion: '200',
      generation: 1,
      creationTimestamp: CREATED,
      labels: { [LABELS.taskUid]: TASK_UID },
      annotations: { [ANNOTATIONS.attempt]: '1', ...options.annotations },
      finalizers: [POD_FINALIZER],
      ownerReferences: [
        {
          apiVersion: 'kubeopencode.io/v1alpha1',
          kind: 'Task',
          name: 'fix-bug',
          uid: TASK_UID,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      ...options.metadata,
    },
    spec: { nodeName: 'node-1', terminationGracePeriodSeconds: 30, containers: [{ name: 'agent' }], ...options.spec },
    status: {
      phase: options.phase ?? 'Running',
      containerStatuses: [{ name: 'agent', state: options.agent ?? { running: { startedAt: CREATED } } }],
      ...options.status,
    },
  };
}

export function exited(exitCode: number, more: Partial<NonNullable<ContainerState['terminated']>> = {}): ContainerState {
  return {
    terminated: {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt: '2026-01-01T10:00:05Z',
      finishedAt: '2026-01-01T10:04:00Z',
      ...more,
    },
  };
}

export function template(spec: Partial<AgentTemplate['spec']> = {}): AgentTemplate {
  return {
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'AgentTemplate',
    metadata: { name: 'coder', namespace: NAMESPACE, uid: 'template-uid', resourceVersion: '10' },
    spec: { workspaceDir: '/workspace', serviceAccountName: 'agent', ...spec },
  };
}

export function agent(spec: Partial<Agent['spec']> = {}, status?: Agent['status']): Agent {
  return {
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Agent',
    metadata: { name: 'coder', namespace: NAMESPACE, uid: 'agent-uid', resourceVersion: '20' },
    spec: { workspaceDir: '/workspace', serviceAccountName: 'agent', ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

export function read(...answers: readonly (readonly [Ref | Omit<Ref, 'namespace'>, ReadResult])[]): Snapshot['read'] {
  return Object.fromEntries(answers.map(([ref, answer]) => [refKey({ namespace: NAMESPACE, ...ref }), answer]));
}

/** A Pod as the watch shows it, and as it is when it is looked at itself: the same, or another. */
export function lookedAt(shown: Pod, found: Pod = shown): Pick<Snapshot, 'pods' | 'read'> {
  return { pods: [shown], read: read([{ kind: 'Pod', name: shown.metadata.name, live: true }, { found }]) };
}

/** Both references that a Task of these builders may have, found in the cache. */
export function found(objects: { agent?: Agent; template?: AgentTemplate } = { template: template() }): Snapshot['read'] {
  return read(
    ...(objects.agent === undefined ? [] : [[{ kind: 'Agent', name: 'coder' }, { found: objects.agent }] as const]),
    ...(objects.template === undefined ? [] : [[{ kind: 'AgentTemplate', name: 'coder' }, { found: objects.template }] as const]),
  );
}

export function snapshot(options: Partial<Snapshot> = {}): Snapshot {
  return {
    contract: 1,
    kind: 'Task',
    now: NOW,
    subject: { namespace: NAMESPACE, name: options.task?.metadata.name ?? 'fix-bug', uid: TASK_UID },
    task: task(),
    pods: [],
    read: {},
    outcomes: [],
    settings: SETTINGS,
    ...options,
  };
}
