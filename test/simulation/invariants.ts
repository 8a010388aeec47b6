import type { Agent } from '#core/api/agent.ts';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import { faultOfEnd, timeoutOf } from './ends.ts';
import { isFinished, isHost, isLive, type Ledger, type LimitsRecord, type PodRecord, type TaskRecord } from './ledger.ts';

export interface Violation {
  /** Stable name of the invariant. */
  readonly rule: string;
  readonly says: string;
}

/** What the invariants need to know of a host that has written. */
export interface Writer {
  readonly name: string;
  readonly isLeading: boolean;
  readonly ledSinceMs: number | undefined;
  readonly knewReferencesAt: ReadonlyMap<string, number>;
}

/** No write is longer on its way than this. */
const IN_FLIGHT_MS = 45_000;

export interface InvariantsOptions {
  readonly ledger: Ledger;
  /** The host of this name, if it is one. */
  writer(name: string): Writer | undefined;
  /** When a host last began to lead, milliseconds since the epoch. */
  latestLeadMs(): number;
  /** When two hosts last believed at once that they lead, milliseconds since the epoch. */
  latestSharedMs(): number;
  report(violation: Violation): void;
}

/** Safety: judged after each write, whoever made it. */
export class Invariants {
  readonly #options: InvariantsOptions;
  /** Starts in an Agent's quota history: by whom they were recorded, and when. */
  readonly #starts = new Map<string, { readonly by: string; readonly atMs: number }>();

  constructor(options: InvariantsOptions) {
    this.#options = options;
  }

  judge(change: Change): void {
    const { ledger } = this.#options;
    const { uid } = change.object.metadata;
    if (change.object.kind === 'Task') {
      const task = ledger.tasks.get(uid);
      if (task !== undefined) this.#judgeTask(change, task);
    }
    if (change.object.kind === 'Pod') {
      const pod = ledger.pods.get(uid);
      if (pod !== undefined) this.#judgePod(change, pod);
    }
    if (change.object.kind === 'Agent') this.#judgeStarts(change);
  }

  #report(rule: string, says: string): void {
    this.#options.report({ rule, says });
  }

  #judgeTask(change: Change, task: TaskRecord): void {
    const { ledger } = this.#options;
    const what = `task ${task.namespace}/${task.name} (${task.uid.slice(0, 8)})`;
    const writer = ledger.writerOf(change);
    const before = change.previous as (StoredObject & Task) | undefined;
    const wasFinished = before?.status?.phase === 'Completed' || before?.status?.phase === 'Failed';
    const isDeletion =
      before?.metadata.deletionTimestamp === undefined &&
      (change.type === 'DELETED' || task.latest.metadata.deletionTimestamp !== undefined);
    if (isDeletion && isHost(writer) && !isFinished(task))
      this.#report('only-finished-tasks-are-cleaned-up', `${writer} deletes ${what}, which has not ended`);
    if (change.type === 'DELETED' || before === undefined) return;
    const { status } = task.latest;
    if (wasFinished) {
      const [was, is] = [endText(before.status), endText(status)];
      if (was !== is) this.#report('a-finished-task-never-changes-its-end', `${what} had ended as ${was}, ${writer} makes that ${is}`);
      return;
    }
    if (isFinished(task)) {
      const fault = faultOfEnd(ledger, task, this.#isLate(writer));
      if (fault !== null) this.#report('the-status-says-what-the-pod-did', `${what}, by ${writer}: ${fault}`);
      if (status?.conditions?.find(({ type }) => type === 'Finished')?.status !== 'True')
        this.#report('a-finished-task-says-so', `${what} has ended without the condition Finished`);
      return;
    }
    if (status?.phase === 'Running' && !task.pods.some(({ name }) => name === status.podName))
      this.#report('running-only-with-a-pod', `${what} says Running, and there never was a pod ${status.podName} of its own`);
    if (before.status?.phase === 'Running' && status?.phase !== 'Running')
      this.#report('running-is-never-taken-back', `${what} said Running, ${writer} makes that ${status?.phase}`);
  }

  #judgePod(change: Change, pod: PodRecord): void {
    const { ledger } = this.#options;
    if (change.type === 'ADDED') this.#judgeNewPod(pod);
    const writer = ledger.writerOf(change);
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
    else if (!mayBeEnded(task, pod, ledger.nowMs)) {
      this.#report(
        'pods-are-ended-only-for-a-reason',
        `${writer} ends pod ${pod.name} (${pod.uid.slice(0, 8)}) of task ${task.uid.slice(0, 8)}, for which nobody asked`,
      );
    }
  }

  #judgeNewPod(pod: PodRecord): void {
    const { writer } = this.#options;
    const { task } = pod;
    if (task === undefined) {
      if (isHost(pod.createdBy)) this.#report('pods-have-owners', `${pod.createdBy} creates pod ${pod.name}, whose controller is no task`);
      return;
    }
    const what = `task ${task.namespace}/${task.name} (${task.uid.slice(0, 8)})`;
    const others = task.pods.filter((other) => other !== pod);
    const live = others.filter(isLive);
    if (live.length > 0)
      this.#report('never-two-live-pods', `${pod.createdBy} creates pod ${pod.name} for ${what}, whose pod ${live[0]?.name} lives`);
    const creator = writer(pod.createdBy);
    if (creator === undefined || this.#isLate(pod.createdBy)) return;
    const earlier = others.find(({ hadFinalizer }) => hadFinalizer);
    if (earlier !== undefined)
      this.#report('one-pod-an-attempt', `${pod.createdBy} creates pod ${pod.name} for ${what}, which had pod ${earlier.name} already`);
    if (isFinished(task)) this.#report('no-pod-after-the-end', `${pod.createdBy} creates pod ${pod.name} for ${what}, which has ended`);
    this.#judgePlaces(pod, task, creator);
  }

  /** A write of a host that has lost the lead may come late; nothing but the object's UID and version stops it, and the next leader mends what it did. */
  #isLate(client: string): boolean {
    const host = this.#options.writer(client);
    const { ledger, latestLeadMs, latestSharedMs } = this.#options;
    if (host === undefined || !host.isLeading || (host.ledSinceMs ?? 0) < latestLeadMs()) return true;
    return ledger.nowMs - latestSharedMs() < IN_FLIGHT_MS;
  }

  /** The limit of an Agent, for a leader that is alone: all that was there when it began, and all that it made itself. */
  #judgePlaces(pod: PodRecord, task: TaskRecord, creator: Writer): void {
    const { ledger } = this.#options;
    if (pod.agent === undefined) return;
    const limit = Math.max(
      ...this.#limitsKnown(pod.agent, creator.knewReferencesAt.get(task.uid) ?? 0).map(
        ({ maxConcurrentTasks }) => maxConcurrentTasks ?? Number.POSITIVE_INFINITY,
      ),
    );
    const holders = [...ledger.pods.values()].filter(
      (other) =>
        other !== pod &&
        other.agent === pod.agent &&
        isLive(other) &&
        other.task !== undefined &&
        other.task.goneMs === undefined &&
        !isFinished(other.task) &&
        (other.createdBy === creator.name || other.createdMs < (creator.ledSinceMs ?? 0)),
    );
    if (holders.length < limit) return;
    const names = holders.map(({ name }) => name).join(', ');
    this.#report(
      'one-leader-keeps-an-agents-limit',
      `${creator.name} creates pod ${pod.name} for agent ${pod.agent}, whose ${limit} places are held by ${names}`,
    );
  }

  /** Limits of an Agent from a version on: what a host that knows no more may go by. */
  #limitsKnown(agent: string, revision: number): readonly LimitsRecord[] {
    const all = this.#options.ledger.limits.get(agent) ?? [];
    const first = all.findLastIndex((entry) => entry.revision <= revision);
    return all.slice(Math.max(0, first));
  }

  #judgeStarts(change: Change): void {
    const { ledger, writer } = this.#options;
    const agent = change.object as StoredObject & Agent;
    const by = ledger.writerOf(change);
    const nowMs = ledger.nowMs;
    const key = `${agent.metadata.namespace}/${agent.metadata.name}`;
    const history = agent.status?.taskStartHistory ?? [];
    const idOf = (start: (typeof history)[number]): string =>
      `${agent.metadata.uid} ${start.taskNamespace}/${start.taskName} ${start.startTime}`;
    for (const start of history) if (!this.#starts.has(idOf(start))) this.#starts.set(idOf(start), { by, atMs: nowMs });
    const host = writer(by);
    if (host === undefined || change.type !== 'MODIFIED') return;
    const windowMs = (agent.spec.quota?.windowSeconds ?? 0) * 1_000;
    const most = Math.max(...(ledger.limits.get(key) ?? []).map(({ maxTaskStarts }) => maxTaskStarts ?? Number.POSITIVE_INFINITY));
    const counted = history.filter((start) => {
      const record = this.#starts.get(idOf(start));
      const isKnown = record?.by === by || (record?.atMs ?? 0) < (host.ledSinceMs ?? 0);
      return isKnown && Date.parse(start.startTime) > nowMs - windowMs;
    });
    const hasNew = history.some((start) => this.#starts.get(idOf(start))?.atMs === nowMs);
    if (hasNew && counted.length > most) {
      this.#report(
        'one-leader-keeps-an-agents-quota',
        `${by} records start ${counted.length} of agent ${key} within ${windowMs / 1_000} s, ${most} are allowed`,
      );
    }
  }
}

function endText(status: Task['status']): string {
  const { phase, cause = null, completionTime, startTime, message = null, podName, attempts } = status ?? {};
  return JSON.stringify({ phase, cause, completionTime, startTime, message, podName, attempts });
}

/** Whether something true at this moment justifies that a host ends a Pod. */
function mayBeEnded(task: TaskRecord, pod: PodRecord, nowMs: number): boolean {
  if (task.goneMs !== undefined || task.deletingMs !== undefined || isFinished(task) || task.stopAskedMs !== undefined) return true;
  if (pod.end !== undefined) return true;
  const timeoutMs = timeoutOf(task, pod);
  return timeoutMs !== null && pod.createdMs - 1_000 + timeoutMs <= nowMs;
}
