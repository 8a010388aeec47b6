import type { Pod } from '../api/kubernetes.ts';
import type { Attempt, Cause, Task } from '../api/task.ts';
import { AGENT_CONTAINER } from '../contract/names.ts';
import { formatTime, parseTime } from '../units/time.ts';
import { signalOf } from './cause.ts';
import type { TaskContext } from './context.ts';
import { startedMs } from './pending.ts';
import { cutText } from './text.ts';
import type { Verdict } from './verdict.ts';

/** `status.attempts` keeps this many. */
const MAX_ATTEMPTS = 10;
const MAX_MESSAGE_LENGTH = 1_024;

/** What the status keeps of the attempt that a Pod was; undefined for one that nobody has recorded. */
export function recordOf({ status }: Task, { metadata }: Pod): Attempt | undefined {
  return status?.attempts?.find(({ podUID }) => podUID !== undefined && podUID === metadata.uid);
}

/** When the Task started, by its status, else with this Pod. */
export function startTimeOf({ task, nowMs }: TaskContext, pod: Pod | null): string {
  return task.status?.startTime ?? pod?.metadata.creationTimestamp ?? formatTime(nowMs);
}

/** The attempts with the present one, which has ended. */
export function attemptsWith(context: TaskContext, pod: Pod | null, verdict: Verdict, log: Attempt['log'] | null): readonly Attempt[] {
  return listed(context, attemptOf(context, pod, verdict, log));
}

/** The attempts with the present one, which ended before it had a Pod. */
export function attemptsWithUnstarted(context: TaskContext, cause: Cause, message: string): readonly Attempt[] {
  const { attempt: number, nowMs } = context;
  return listed(context, { number, cause, message: cutText(message, MAX_MESSAGE_LENGTH), times: { finished: formatTime(nowMs) } });
}

function listed(context: TaskContext, present: Attempt): readonly Attempt[] {
  const before = (context.task.status?.attempts ?? []).filter(({ number }) => number >= 1 && number < context.attempt);
  return [...before, present].slice(-MAX_ATTEMPTS);
}

function attemptOf(context: TaskContext, pod: Pod | null, verdict: Verdict, log: Attempt['log'] | null): Attempt {
  const container = verdict.container ?? AGENT_CONTAINER;
  const statuses = [...(pod?.status?.containerStatuses ?? []), ...(pod?.status?.initContainerStatuses ?? [])];
  const ended = statuses.find((status) => status.name === container)?.state?.terminated;
  const signal = ended?.signal ?? (ended === undefined ? undefined : signalOf(ended.exitCode));
  const scheduled = pod?.status?.conditions?.find(
    (condition) => condition.type === 'PodScheduled' && condition.status === 'True',
  )?.lastTransitionTime;
  const podCreated = pod?.metadata.creationTimestamp ?? context.task.status?.times?.podCreated;
  return {
    number: context.attempt,
    podName: context.podName,
    ...(pod?.metadata.uid === undefined ? {} : { podUID: pod.metadata.uid }),
    ...(pod?.spec.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
    ...(verdict.cause === null ? {} : { cause: verdict.cause }),
    ...(ended === undefined ? {} : { container, exitCode: ended.exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(verdict.message === null ? {} : { message: cutText(verdict.message, MAX_MESSAGE_LENGTH) }),
    times: {
      ...(podCreated === undefined ? {} : { podCreated }),
      ...(scheduled === undefined ? {} : { scheduled }),
      ...(startedMs(ended) === null ? {} : { running: ended?.startedAt ?? '' }),
      finished: parseTime(ended?.finishedAt) === null ? formatTime(context.nowMs) : (ended?.finishedAt ?? ''),
    },
    ...(log == null ? {} : { log }),
  };
}
