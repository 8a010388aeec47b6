import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { AGENT_CONTAINER, LABELS } from '#core/contract/names.ts';
import type { ClusterError, LogOptions } from '#host/cluster/cluster.ts';
import type { RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { isFinished } from '../cluster/end.ts';
import { failureText, isAbsent } from '../cluster/failure.ts';
import { follow } from '../cluster/follow.ts';
import { withCluster } from '../cluster/open.ts';
import { findTasks } from '../cluster/read.ts';
import type { LogsFlags } from '../commands/logs.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { didYouMean } from '../near-names.ts';
import { containerText, podState } from '../status/pods.ts';
import { outcomeText } from '../task-text.ts';

/** `kubectl opencode logs`: finds the Pod of the attempt, prints what its container says. */
export async function runLogsCommand(name: string, flags: LogsFlags, io: Io): Promise<ExitCode> {
  return withCluster(flags, async ({ cluster, namespace }) => {
    const { tasks, missing } = await findTasks(cluster, namespace, [name]);
    const [task] = tasks;
    if (task === undefined) throw new Error(missing.join(''));
    const pod = flags.follow === true ? await awaitPod(cluster, task, flags, io) : await findPod(cluster, task, flags);
    const container = containerOf(pod, flags);
    if (flags.follow === true) return followLog(cluster, pod, container, flags, io);
    const result = await cluster.logs(addressOf(pod), logOptions(container, flags));
    if (!result.ok) throw new Error(logFailure(pod, container, result.error));
    io.out(result.value);
    return EXIT.ok;
  });
}

function logOptions(container: string, { tail, since, timestamps }: LogsFlags): LogOptions {
  return {
    container,
    // As in kubectl: below 0 means all.
    ...(tail === undefined || tail < 0 ? {} : { tailLines: tail }),
    ...(since === undefined ? {} : { sinceSeconds: Math.max(1, Math.ceil(since / 1_000)) }),
    ...(timestamps === true ? { timestamps } : {}),
  };
}

/** The Pod of the attempt that is asked for. Throws, in words, where there is none. */
async function findPod(cluster: RestCluster, task: Task, flags: LogsFlags): Promise<Pod> {
  const { namespace = '', name, uid } = task.metadata;
  const number = attemptOf(task, flags);
  const podName = podNameOf(task, number);
  if (podName === undefined) throw new Error(noPodText(task, number));
  const result = await cluster.get({ kind: 'Pod', namespace, name: podName });
  if (!result.ok && !isAbsent(result.error))
    throw new Error(failureText({ verb: 'get', kind: 'Pod', namespace, name: podName }, result.error));
  // A Pod of that name may be somebody else's, or of an earlier Task.
  const isOurs = result.ok && isControlledBy(result.value as Pod, uid);
  if (result.ok && isOurs) return result.value as Pod;
  const end = isFinished(task) && number === latestOf(task) ? `; the task ended: ${outcomeText(task)}` : '';
  throw new Error(`read logs of task ${name}: pod ${podName} of attempt ${number} is not there any more, and its logs went with it${end}`);
}

function latestOf({ status }: Task): number {
  return Math.max(1, status?.attemptCount ?? 1);
}

function attemptOf(task: Task, { attempt, previous }: LogsFlags): number {
  const latest = latestOf(task);
  const number = attempt ?? (previous === true ? latest - 1 : latest);
  if (number >= 1 && number <= latest) return number;
  const had = `there ${latest === 1 ? 'was 1 attempt' : `were ${latest} attempts`}`;
  throw new Error(`read logs of task ${task.metadata.name}: expected an attempt that there was, ${had}`);
}

function podNameOf(task: Task, number: number): string | undefined {
  const kept = task.status?.attempts?.find((attempt) => attempt.number === number)?.podName;
  return kept ?? (number === latestOf(task) ? task.status?.podName : undefined);
}

function noPodText(task: Task, number: number): string {
  const before = `read logs of task ${task.metadata.name}`;
  if (number < latestOf(task)) return `${before}: the status does not say which pod attempt ${number} had`;
  return isFinished(task)
    ? `${before}: it ended without a pod: ${outcomeText(task)}`
    : `${before}: it has no pod yet: ${outcomeText(task)}; -f waits for it`;
}

/** As `findPod`; a Task that has not ended is waited for until the container that is asked for has begun. */
async function awaitPod(cluster: RestCluster, task: Task, flags: LogsFlags, io: Io): Promise<Pod> {
  const { namespace = '', name, uid = '' } = task.metadata;
  if (isFinished(task) || (flags.attempt !== undefined && flags.attempt !== latestOf(task))) return findPod(cluster, task, flags);
  const over = new AbortController();
  const scopes = [
    { kind: 'Task', namespace, fieldSelector: `metadata.name=${name}` },
    { kind: 'Pod', namespace, labelSelector: `${LABELS.taskUid}=${uid}` },
  ] as const;
  let said = '';
  for await (const store of follow({
    cluster,
    clock: realClock,
    scopes,
    signal: over.signal,
    onTrouble: (text) => io.err(`warning: ${text}\n`),
  })) {
    const now = store.byUid('Task', uid) as Task | undefined;
    if (now === undefined) throw new Error(`read logs of task ${name}: it was deleted`);
    if (isFinished(now)) return findPod(cluster, now, flags);
    const pods = store.labelledFor('Pod', uid) as readonly Pod[];
    const pod = pods.find(({ metadata }) => metadata.name === now.status?.podName);
    const state = pod === undefined ? undefined : podState(pod).containers.find((one) => one.name === containerOf(pod, flags));
    if (pod !== undefined && state?.state !== 'waiting') return pod;
    const text = pod === undefined ? outcomeText(now) : `pod ${pod.metadata.name}: ${state === undefined ? '' : containerText(state)}`;
    if (text !== said) io.err(`waiting for the container: ${text}\n`);
    said = text;
  }
  throw new Error(`read logs of task ${name}: the wait has ended`);
}

/** The container that is asked for; the agent's, else the first. */
function containerOf({ metadata, spec }: Pod, { container }: LogsFlags): string {
  const names = [...(spec.initContainers ?? []), ...spec.containers].map((one) => one.name);
  if (container === undefined) return names.includes(AGENT_CONTAINER) ? AGENT_CONTAINER : (spec.containers[0]?.name ?? AGENT_CONTAINER);
  if (names.includes(container)) return container;
  const near = didYouMean(container, names) || `; it has ${names.join(', ')}`;
  throw new Error(`read logs of pod ${metadata.name}: container ${JSON.stringify(container)} is not one of it${near}`);
}

async function followLog(cluster: RestCluster, pod: Pod, container: string, flags: LogsFlags, io: Io): Promise<ExitCode> {
  const over = new AbortController();
  for await (const piece of cluster.followLogs(addressOf(pod), logOptions(container, flags), over.signal)) {
    if (piece.type === 'ERROR') throw new Error(logFailure(pod, container, piece.error));
    io.out(piece.text);
  }
  return EXIT.ok;
}

function addressOf({ metadata }: Pod): { readonly kind: 'Pod'; readonly namespace: string; readonly name: string } {
  return { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name };
}

/** A container that has not begun has no log: what the others do says why. */
function logFailure(pod: Pod, container: string, error: ClusterError): string {
  const text = failureText({ verb: 'logs', ...addressOf(pod) }, error);
  const { containers } = podState(pod);
  if (containers.find(({ name }) => name === container)?.state !== 'waiting') return text;
  return `${text}; ${containers.map((one) => `${one.name} ${containerText(one)}`).join(', ')}; -c reads another, -f waits for it`;
}

function isControlledBy({ metadata }: Pod, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
}
