import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { AGENT_CONTAINER, LABELS } from '#core/contract/names.ts';
import type { ClusterError, LogOptions } from '#host/cluster/cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { failureText, isAbsent } from '../cluster/failure.ts';
import { follow } from '../cluster/follow.ts';
import { type ReachedCluster, withCluster } from '../cluster/open.ts';
import { findTasks } from '../cluster/read.ts';
import type { LogsFlags } from '../commands/logs.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { didYouMean } from '../near-names.ts';
import { containerText, podState } from '../status/pods.ts';
import { outcomeText } from '../task-text.ts';
import { type ChosenAttempt, chosenAttempt, latestOf } from './attempt.ts';
import { followed, REMOVED } from './followed.ts';
import { keptLog, lastLines } from './kept.ts';

/** Where the text of a log is. */
type Source =
  | { readonly type: 'Pod'; readonly pod: Pod; readonly attempt: ChosenAttempt }
  | { readonly type: 'Kept'; readonly attempt: ChosenAttempt };

/** `kubectl opencode logs`: prints what a container of an attempt says: from its Pod, else what was kept of it. */
export async function runLogsCommand(name: string, flags: LogsFlags, io: Io): Promise<ExitCode> {
  return withCluster(flags, io, async ({ cluster, namespace }) => {
    const { tasks, missing } = await findTasks(cluster, namespace, [name]);
    const [found] = tasks;
    if (found === undefined) throw new Error(missing.join(''));
    const { task, source } = flags.follow === true ? await awaitSource(cluster, found, flags, io) : await findSource(cluster, found, flags);
    if (source.type === 'Kept') return printKept(cluster, task, source.attempt, flags, io);
    const { pod, attempt } = source;
    const container = containerOf(pod, flags);
    const failure =
      flags.follow === true ? await printFollowed(cluster, pod, container, flags, io) : await printPod(cluster, pod, container, flags, io);
    if (failure === null) return EXIT.ok;
    // The Pod is there, and what its containers said is not any more.
    const latest = await again(cluster, task);
    const kept = latest.status?.attempts?.find(({ number }) => number === attempt.number);
    if (kept?.log === undefined || failure.hasPrinted) throw new Error(failure.message);
    return printKept(cluster, latest, { ...attempt, kept }, flags, io);
  });
}

/** What kept the log of a Pod from being read whole. */
interface Failure {
  readonly message: string;
  readonly hasPrinted: boolean;
}

async function printPod(cluster: ReachedCluster, pod: Pod, container: string, flags: LogsFlags, io: Io): Promise<Failure | null> {
  const result = await cluster.logs(addressOf(pod), logOptions(container, flags));
  if (!result.ok) return { message: logFailure(cluster, pod, container, result.error), hasPrinted: false };
  if (REMOVED.test(result.value)) return { message: removedText(pod, result.value), hasPrinted: false };
  io.out(result.value);
  return null;
}

async function printFollowed(cluster: ReachedCluster, pod: Pod, container: string, flags: LogsFlags, io: Io): Promise<Failure | null> {
  const texts = followed({
    cluster,
    clock: realClock,
    pod,
    options: logOptions(container, flags),
    onTrouble: (error) => io.err(`warning: it is tried again: ${failureText({ verb: 'logs', ...addressOf(pod) }, error, cluster)}\n`),
  });
  let hasPrinted = false;
  for (;;) {
    const { done, value } = await texts.next();
    if (done === true) return value === null ? null : { message: logFailure(cluster, pod, container, value), hasPrinted };
    if (!hasPrinted && REMOVED.test(value)) return { message: removedText(pod, value), hasPrinted };
    hasPrinted ||= value !== '';
    io.out(value);
  }
}

function removedText({ metadata }: Pod, text: string): string {
  return `read logs of pod ${metadata.name}: ${text.trim()}`;
}

async function printKept(cluster: ReachedCluster, task: Task, attempt: ChosenAttempt, flags: LogsFlags, io: Io): Promise<ExitCode> {
  const { text, says } = await keptLog(cluster, task, attempt, flags.container);
  io.err(`${says}\n`);
  if (flags.since !== undefined || flags.timestamps === true)
    io.err('warning: a kept log has no times: --since and --timestamps do nothing\n');
  io.out(lastLines(text, flags.tail));
  return EXIT.ok;
}

/** The Task as it stands now; as it was where it is gone. */
async function again(cluster: ReachedCluster, task: Task): Promise<Task> {
  const { namespace = '', name, uid } = task.metadata;
  const result = await cluster.get({ kind: 'Task', namespace, name });
  return result.ok && result.value.metadata.uid === uid ? (result.value as Task) : task;
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

interface Found {
  readonly task: Task;
  readonly source: Source;
}

/** The Pod of the attempt that is asked for, else what is kept of it. Throws, in words, where there never was one. */
async function findSource(cluster: ReachedCluster, task: Task, flags: LogsFlags): Promise<Found> {
  const { namespace = '', uid } = task.metadata;
  const attempt = chosenAttempt(task, flags);
  const address = { kind: 'Pod', namespace, name: attempt.podName } as const;
  const result = await cluster.get(address);
  if (!result.ok && !isAbsent(result.error)) throw new Error(failureText({ verb: 'get', ...address }, result.error, cluster));
  // A Pod of that name may be somebody else's, or of an earlier Task.
  const isOurs = result.ok && isControlledBy(result.value as Pod, uid);
  return { task, source: result.ok && isOurs ? { type: 'Pod', pod: result.value as Pod, attempt } : { type: 'Kept', attempt } };
}

/** As `findSource`; a Task that has not ended is waited for until the container that is asked for has begun, in the attempt that comes next where there is one between two. */
async function awaitSource(cluster: ReachedCluster, task: Task, flags: LogsFlags, io: Io): Promise<Found> {
  const { namespace = '', name, uid = '' } = task.metadata;
  if (isFinished(task) || (flags.attempt !== undefined && flags.attempt < latestOf(task))) return findSource(cluster, task, flags);
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
    if (isFinished(now)) return findSource(cluster, now, flags);
    const pods = store.labelledFor('Pod', uid) as readonly Pod[];
    // Between two attempts the status still names the Pod of the one before.
    const podName = now.status?.phase === 'Running' ? now.status.podName : undefined;
    const pod = pods.find(({ metadata }) => metadata.name === podName);
    const state = pod === undefined ? undefined : podState(pod).containers.find((one) => one.name === containerOf(pod, flags));
    if (pod !== undefined && state?.state !== 'waiting')
      return { task: now, source: { type: 'Pod', pod, attempt: chosenAttempt(now, {}) } };
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

function addressOf({ metadata }: Pod): { readonly kind: 'Pod'; readonly namespace: string; readonly name: string } {
  return { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name };
}

/** A container that has not begun has no log: what the others do says why. */
function logFailure(cluster: ReachedCluster, pod: Pod, container: string, error: ClusterError): string {
  const text = failureText({ verb: 'logs', ...addressOf(pod) }, error, cluster);
  const { containers } = podState(pod);
  const isWaiting = containers.find(({ name }) => name === container)?.state === 'waiting';
  if (!isWaiting || error.type !== 'Refused' || error.code !== 400) return text;
  return `${text}; ${containers.map((one) => `${one.name} ${containerText(one)}`).join(', ')}; -c reads another, -f waits for it`;
}

function isControlledBy({ metadata }: Pod, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
}
