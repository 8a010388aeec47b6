import type { Pod } from '#core/api/kubernetes.ts';
import type { Attempt, Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import type { AttemptState, BlockedState, QueueState, StatusReport, TaskState } from '../contract/status.ts';
import { retryBudgets } from '../retries.ts';
import { otherManager } from '../task-text.ts';
import { podState } from './pods.ts';

const PHASES = ['Pending', 'Queued', 'Running', 'Completed', 'Failed'];

export interface ReportInput {
  readonly tasks: readonly Task[];
  readonly pods: readonly Pod[];
  /** By UID of the Task. */
  readonly queues: ReadonlyMap<string, QueueState>;
  /** RFC 3339. */
  readonly at: string;
}

export function reportOf({ tasks, pods, queues, at }: ReportInput): StatusReport {
  const states = tasks.map((task) => {
    const uid = task.metadata.uid ?? '';
    const own = pods.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid));
    return taskState(task, own, queues.get(uid));
  });
  return {
    formatVersion: 1,
    at,
    tasks: states,
    counts: {
      phases: countsOf(
        states.map(({ phase }) => phase),
        PHASES,
      ),
      causes: countsOf(
        states.flatMap(({ cause }) => (cause === undefined ? [] : [cause])),
        [],
      ),
    },
  };
}

export function isWaiting({ status }: Task): boolean {
  return status?.phase === undefined || status.phase === 'Pending' || status.phase === 'Queued';
}

function taskState(task: Task, pods: readonly Pod[], queue: QueueState | undefined): TaskState {
  const { metadata, spec, status } = task;
  const agent = status?.agentRef?.name ?? spec.agentRef?.name;
  const template = agent === undefined ? (status?.templateRef?.name ?? spec.templateRef?.name) : undefined;
  const hasEnded = isFinished(task);
  const budgets = retryBudgets(task);
  const message = status?.message ?? unseenText(task, pods);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...optional('uid', metadata.uid),
    phase: status?.phase ?? 'Pending',
    ...optional('cause', status?.cause),
    ...optional('message', message),
    ...optional('agent', agent),
    ...optional('template', template),
    ...(metadata.annotations?.[ANNOTATIONS.stop] === 'true' && !hasEnded ? { stopping: true as const } : {}),
    ...optional('createdAt', metadata.creationTimestamp),
    times: { ...status?.times },
    ...optional('queue', queue),
    ...optional('blocked', hasEnded ? undefined : blockedOf(task)),
    ...optional('next', nextOf(task, pods)),
    ...optional('retries', budgets.length === 0 ? undefined : budgets),
    conditions: (status?.conditions ?? []).map(({ type, status: is, reason, message: says, lastTransitionTime }) => ({
      type,
      status: is,
      reason,
      message: says,
      lastTransitionTime,
    })),
    attempts: attemptsOf(task, pods),
  };
}

/** Why a Task has no status. Its Pod is made before that is written. */
function unseenText(task: Task, pods: readonly Pod[]): string | undefined {
  if (task.status?.phase !== undefined || pods.length > 0) return undefined;
  const other = otherManager(task);
  return other === undefined ? 'no controller has looked at it yet' : `spec.managedBy names another controller: ${other}`;
}

const PENDING_TIMEOUTS = { Unschedulable: 'unschedulable', ImagePull: 'imagePull', Configuration: 'configuration' } as const;

function blockedOf({ spec, status }: Task): BlockedState | undefined {
  const condition = status?.conditions?.find(({ type, status: is }) => type === 'PodBlocked' && is === 'True');
  if (condition === undefined) return undefined;
  const { reason, message, lastTransitionTime: since } = condition;
  const timeout = Object.entries(PENDING_TIMEOUTS).find(([name]) => name === reason)?.[1];
  return { reason, message, since, ...optional('givenUpAfter', timeout === undefined ? undefined : spec.pendingTimeouts?.[timeout]) };
}

/** None once its Pod is there, though the status does not speak of it yet. */
function nextOf({ status }: Task, pods: readonly Pod[]): TaskState['next'] {
  const isBetween = status?.conditions?.some(({ type, status: is }) => type === 'Retrying' && is === 'True') === true;
  if (!isBetween) return undefined;
  const kept = status?.attempts ?? [];
  const attempt = (kept.at(-1)?.number ?? 0) + 1;
  if (pods.some((pod) => numberOf(pod, kept) === attempt)) return undefined;
  return { attempt, ...optional('dueAt', status?.nextAttemptTime) };
}

/** What the status keeps of the attempts, and each Pod with its attempt, also one that the status does not speak of yet. */
function attemptsOf({ status }: Task, pods: readonly Pod[]): readonly AttemptState[] {
  const kept = status?.attempts ?? [];
  const numbered = new Map(pods.map((pod) => [numberOf(pod, kept), pod]));
  const current = status?.podName === undefined ? [] : [Math.max(1, status.attemptCount ?? 1)];
  const numbers = [...new Set([...kept.map(({ number }) => number), ...current, ...numbered.keys()])].sort((a, b) => a - b);
  return numbers.map((number) => {
    const attempt: Partial<Attempt> = kept.find((one) => one.number === number) ?? {};
    const pod = numbered.get(number);
    const isCurrent = current.includes(number);
    return {
      number,
      ...optional('podName', attempt.podName ?? pod?.metadata.name ?? (isCurrent ? status?.podName : undefined)),
      ...optional('node', attempt.node),
      ...optional('cause', attempt.cause),
      ...optional('container', attempt.container),
      ...optional('exitCode', attempt.exitCode),
      ...optional('signal', attempt.signal),
      ...optional('message', attempt.message),
      ...optional('times', attempt.times),
      ...optional('log', attempt.log),
      ...(pod === undefined ? {} : { pod: podState(pod) }),
    };
  });
}

function numberOf({ metadata }: Pod, kept: readonly Attempt[]): number {
  const annotated = Number(metadata.annotations?.[ANNOTATIONS.attempt]);
  if (Number.isSafeInteger(annotated) && annotated > 0) return annotated;
  return kept.find(({ podName }) => podName === metadata.name)?.number ?? 1;
}

/** Those of `first` in their order, then the rest by name. */
function countsOf(values: readonly string[], first: readonly string[]): Readonly<Record<string, number>> {
  const known = [
    ...first.filter((value) => values.includes(value)),
    ...[...new Set(values)].filter((value) => !first.includes(value)).sort(),
  ];
  return Object.fromEntries(known.map((value) => [value, values.filter((one) => one === value).length]));
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V });
}
