import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { outcomeOfTask } from '#core/contract/task-outcome.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import { faultOfEnd, isTimedOut } from './ends.ts';
import { covers } from './fleets.ts';
import type { Ledger } from './ledger.ts';
import { Life } from './life.ts';
import { givenUpFor, lastNumberIn, newAttempt } from './life-records.ts';
import { Limits } from './limits.ts';
import { faultOfWrite } from './property.ts';
import { isFinished, isHost, mayRun, type PodRecord, type TaskRecord } from './records.ts';
import type { Fields } from './scenario.ts';
import { LAG_MS, type Sendings } from './sendings.ts';
import type { Violation, Writer } from './violation.ts';

/** No write is longer on its way than this. */
const IN_FLIGHT_MS = 45_000;

export interface InvariantsOptions {
  readonly ledger: Ledger;
  readonly sendings: Sendings;
  /** The host of this name, if it is one. */
  writer(name: string): Writer | undefined;
  /** When a host of the same share last began to lead, milliseconds since the epoch. */
  latestLeadMs(name: string): number;
  /** When two hosts of the same share last believed at once that they lead, milliseconds since the epoch. */
  latestSharedMs(name: string): number;
  report(violation: Violation): void;
}

/** Safety: judged after each write, whoever made it. */
export class Invariants {
  readonly #options: InvariantsOptions;
  readonly #limits: Limits;
  readonly #life: Life;
  /** UIDs of Pods of attempts that were over when they came. */
  readonly #strays = new Set<string>();

  constructor(options: InvariantsOptions) {
    this.#options = options;
    this.#limits = new Limits(options);
    this.#life = new Life({ ...options, isLate: (client) => this.#isLate(client) });
  }

  judge(change: Change): void {
    const { ledger } = this.#options;
    const { uid } = change.object.metadata;
    this.#judgeProperty(change);
    if (change.object.kind === 'Task') {
      const task = ledger.tasks.get(uid);
      if (task !== undefined) this.#judgeTask(change, task);
    }
    if (change.object.kind === 'Pod') {
      const pod = ledger.pods.get(uid);
      if (pod !== undefined) this.#judgePod(change, pod);
    }
    if (change.object.kind === 'Agent') this.#limits.judgeStarts(change);
    this.#life.judge(change);
  }

  /** Whatever a host writes is its own, and of a Task of its share. */
  #judgeProperty(change: Change): void {
    const { ledger, writer: hostOf } = this.#options;
    const by = ledger.writers.of(change);
    const host = change.type === 'DELETED' ? undefined : hostOf(by);
    if (host === undefined) return;
    const { fault, task } = faultOfWrite(ledger, change);
    const { kind, metadata } = change.object;
    const what = `${by} writes ${kind} ${metadata.namespace}/${metadata.name}`;
    if (fault !== null) this.#report('only-own-objects-are-touched', `${what}: ${fault}`);
    // Of a Task that is gone nobody can tell whose it was: its Pods are let go by whoever hears of it.
    if (task === undefined || task.goneMs !== undefined) return;
    const { namespace, latest, movedMs } = task;
    // What was on its way when the Task went over to another host may still come.
    const isMoving = movedMs !== undefined && ledger.nowMs - movedMs < IN_FLIGHT_MS + LAG_MS;
    if (!isMoving && !covers(host.share, namespace, latest.metadata.labels))
      this.#report('a-host-works-on-its-share-alone', `${what}, which is of task ${task.name}, another host's`);
  }

  #report(rule: string, says: string): void {
    this.#options.report({ rule, says });
  }

  #judgeTask(change: Change, task: TaskRecord): void {
    const { ledger, sendings } = this.#options;
    const what = `task ${task.namespace}/${task.name} (${task.uid.slice(0, 8)})`;
    const writer = ledger.writers.of(change);
    const before = change.previous as (StoredObject & Task) | undefined;
    const wasFinished = before?.status?.phase === 'Completed' || before?.status?.phase === 'Failed';
    const isDeletion =
      before?.metadata.deletionTimestamp === undefined &&
      (change.type === 'DELETED' || task.latest.metadata.deletionTimestamp !== undefined);
    if (isDeletion && isHost(writer)) this.#judgeCleanUp(task, what, writer);
    if (change.type === 'DELETED' || before === undefined || task.isEdited) return;
    const { status } = task.latest;
    const added = newAttempt(before.status, status);
    if (wasFinished) {
      if (!isFinished(task)) return;
      const [was, is] = [endText(before.status), endText(status)];
      if (was !== is) this.#report('a-finished-task-never-changes-its-end', `${what} had ended as ${was}, ${writer} makes that ${is}`);
      return;
    }
    if (isFinished(task)) {
      const isLate = this.#isLate(writer);
      const fault = faultOfEnd(ledger, task, added, (pod) => isLate || sendings.missedPod(writer, task, pod));
      if (fault !== null) this.#report('the-status-says-what-the-pod-did', `${what}, by ${writer}: ${fault}`);
      if (status?.conditions?.find(({ type }) => type === 'Finished')?.status !== 'True')
        this.#report('a-finished-task-says-so', `${what} has ended without the condition Finished`);
      const attempt = status?.attempts?.find(({ number }) => number === status.attemptCount);
      if (status?.podName !== undefined && (attempt === undefined || (attempt.podName ?? status.podName) !== status.podName))
        this.#report('a-finished-task-has-its-attempt', `${what} has ended with pod ${status.podName} and no attempt of it`);
      if (Date.parse(status?.completionTime ?? '') < Date.parse(status?.startTime ?? ''))
        this.#report('no-task-ends-before-it-starts', `${what} started at ${status?.startTime} and ended at ${status?.completionTime}`);
      return;
    }
    if (status?.phase === 'Running' && !task.pods.some(({ name }) => name === status.podName))
      this.#report('running-only-with-a-pod', `${what} says Running, and there never was a pod ${status.podName} of its own`);
    // Into the place of one that came when its attempt was over another may have come, made for another Agent, or for none.
    const named = task.pods.filter(({ name }) => name === status?.podName);
    const isNamed = ({ agent }: PodRecord): boolean => agent === undefined || agent === `${task.namespace}/${status?.agentRef?.name}`;
    if (status?.phase === 'Running' && named.length > 0 && !named.some(isNamed))
      this.#report(
        'running-names-the-agent',
        `${what} says agent ${status.agentRef?.name}, ${writer} made its pod for ${named.at(-1)?.agent}`,
      );
    if (before.status?.phase === 'Running' && status?.phase !== 'Running' && added === undefined)
      this.#report('running-is-never-taken-back', `${what} said Running, ${writer} makes that ${status?.phase}`);
  }

  /** A host deletes a Task only when it has ended, and when its time is over or too many are kept. */
  #judgeCleanUp(task: TaskRecord, what: string, writer: string): void {
    const { ledger } = this.#options;
    if (!isFinished(task)) this.#report('only-finished-tasks-are-cleaned-up', `${writer} deletes ${what}, which has not ended`);
    const cleanup = task.latest.spec.cleanup as Fields | undefined;
    const ttl = cleanup?.[`ttlSecondsAfter${outcomeOfTask(task.latest.status)}`] ?? cleanup?.ttlSecondsAfterFinished;
    if (typeof ttl !== 'number' || ttl < 0 || ledger.isRetentionLimited) return;
    const expiresMs = Date.parse(task.latest.status?.completionTime ?? '') + ttl * 1_000;
    if (expiresMs > ledger.nowMs)
      this.#report('no-task-is-cleaned-up-early', `${writer} deletes ${what}, which is to be kept for ${ttl} s`);
  }

  #judgePod(change: Change, pod: PodRecord): void {
    const { ledger } = this.#options;
    if (change.type === 'ADDED') this.#judgeNewPod(pod);
    const writer = ledger.writers.of(change);
    if (!isHost(writer) || change.type === 'ADDED') return;
    const before = change.previous as StoredObject & Pod;
    const isDeletion =
      pod.deletion?.atMs === ledger.nowMs &&
      before.metadata.deletionTimestamp === undefined &&
      change.object.metadata.deletionTimestamp !== undefined;
    const isEnding =
      before.metadata.annotations?.[ANNOTATIONS.endedFor] === undefined &&
      change.object.metadata.annotations?.[ANNOTATIONS.endedFor] !== undefined;
    if (!isDeletion && !isEnding) return;
    const { task } = pod;
    if (task === undefined) this.#report('only-own-pods-are-touched', `${writer} ends pod ${pod.name}, which belongs to no task`);
    else if (!mayBeEnded(ledger, task, pod)) {
      this.#report(
        'pods-are-ended-only-for-a-reason',
        `${writer} ends pod ${pod.name} (${pod.uid.slice(0, 8)}) of task ${task.uid.slice(0, 8)}, for which nobody asked`,
      );
    }
  }

  #judgeNewPod(pod: PodRecord): void {
    const { ledger, sendings, writer } = this.#options;
    const { task } = pod;
    if (task === undefined) {
      if (isHost(pod.createdBy)) this.#report('pods-have-owners', `${pod.createdBy} creates pod ${pod.name}, whose controller is no task`);
      return;
    }
    const what = `task ${task.namespace}/${task.name} (${task.uid.slice(0, 8)})`;
    const others = task.pods.filter((other) => other !== pod);
    const isLate = this.#isLate(pod.createdBy);
    // Where the Pod of an attempt that is over has gone, its name is free for what a leader that leads no more had sent, or the host that had the Task before: it must not run
    // on. The next attempt's Pod may be on its way by then.
    const isStray = pod.attempt <= lastNumberIn(task.latest.status) && (isLate || sendings.missedAttempt(pod, task));
    if (isStray) this.#strays.add(pod.uid);
    const live = others.filter((other) => mayRun(other) && (!this.#strays.has(other.uid) || sendings.knewPod(pod, task, other)));
    if (live.length > 0 && !isStray)
      this.#report('never-two-live-pods', `${pod.createdBy} creates pod ${pod.name} for ${what}, whose pod ${live[0]?.name} lives`);
    const creator = writer(pod.createdBy);
    const isMoving = task.movedMs !== undefined && ledger.nowMs - task.movedMs < IN_FLIGHT_MS;
    if (creator === undefined || isLate || isMoving) return;
    // An attempt that is not listed, because the Task had ended without a Pod as far as anybody knew, keeps its number: who asks for it then gets it, whatever a leader that
    // was none any more had made meanwhile.
    const openedMs = task.asked.get(pod.attempt) ?? 0;
    const isSame = (other: PodRecord): boolean =>
      other.hadFinalizer && other.attempt === pod.attempt && other.createdMs >= openedMs && !sendings.isSentBefore(pod, task, other);
    // The host that had the Task before may not have been told yet that it went over to another, and what became of it there.
    const isOfBefore = isStray && task.movedMs !== undefined && ledger.nowMs - task.movedMs < IN_FLIGHT_MS + LAG_MS;
    const earlier = task.isEdited || isOfBefore ? undefined : others.find(isSame);
    if (earlier !== undefined)
      this.#report('one-pod-an-attempt', `${pod.createdBy} creates pod ${pod.name} for ${what}, which had pod ${earlier.name} already`);
    if (isFinished(task) && !task.isEdited && !sendings.missedEnd(pod, task))
      this.#report('no-pod-after-the-end', `${pod.createdBy} creates pod ${pod.name} for ${what}, which has ended`);
    this.#limits.judgePlaces(pod, task, creator);
  }

  /** A write of a host that has lost the lead may come late; nothing but the object's UID and version stops it, and the next leader mends what it did. */
  #isLate(client: string): boolean {
    const host = this.#options.writer(client);
    const { ledger, latestLeadMs, latestSharedMs } = this.#options;
    if (host === undefined || !host.isLeading || (host.ledSinceMs ?? 0) < latestLeadMs(client)) return true;
    return ledger.nowMs - latestSharedMs(client) < IN_FLIGHT_MS;
  }
}

function endText(status: Task['status']): string {
  const { phase, cause = null, completionTime, startTime, message = null, podName, attempts } = status ?? {};
  // The end of a log may be kept only before its Pod goes, long after.
  const ends = Array.isArray(attempts) ? attempts.map(({ log: _, ...attempt }) => attempt) : attempts;
  return JSON.stringify({ phase, cause, completionTime, startTime, message, podName, attempts: ends });
}

/** Whether something true at this moment justifies that a host ends a Pod. */
function mayBeEnded(ledger: Ledger, task: TaskRecord, pod: PodRecord): boolean {
  // Made by a leader that had stood still, for an attempt that was over by then.
  if (pod.attempt <= lastNumberIn(task.latest.status)) return true;
  if (task.goneMs !== undefined || task.deletingMs !== undefined || isFinished(task) || task.stopAskedMs !== undefined) return true;
  // What a hand has written may say anything, a stop too.
  if (pod.end !== undefined || pod.agentEnd !== undefined || task.isEdited || isTimedOut(ledger, task, pod)) return true;
  return pod.meantFor.size > 0 || givenUpFor(task, pod, ledger.nowMs).length > 0;
}
