import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { isHeld } from '#core/contract/held.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import type { Ledger } from './ledger.ts';
import { faultOfNewAttempt, faultOfPodOfAttempt, faultOfReopening, faultsOfAttempts } from './life-attempts.ts';
import { faultOfDisposal } from './life-disposal.ts';
import { faultOfLog, faultOfPointers } from './life-logs.ts';
import { lastNumberIn, newAttempt } from './life-records.ts';
import { hasFinished, isFinished, isHost, type PodRecord, type TaskRecord } from './records.ts';
import type { Violation } from './violation.ts';

export interface LifeOptions {
  readonly ledger: Ledger;
  /** Whether a host's write may come late: it leads no more, or did not alone a moment ago. */
  isLate(client: string): boolean;
  report(violation: Violation): void;
}

/** Rewordings of what blocks a Pod, at most: some for each attempt, and one a minute. */
const REWORDINGS_AN_ATTEMPT = 6;
const REWORDED_EVERY_MS = 60_000;

/** Safety of a Task's whole life: attempts, what is kept of each, and what is done after the end. Judged after each write of a host. */
export class Life {
  readonly #options: LifeOptions;
  readonly #rewordings = new Map<string, number>();

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  judge(change: Change): void {
    const { ledger } = this.#options;
    const writer = ledger.writers.of(change);
    const { kind, metadata } = change.object;
    if (kind === 'Task') {
      const task = ledger.tasks.get(metadata.uid);
      if (task !== undefined) this.#judgeTask(change, task, writer);
    }
    const pod = kind === 'Pod' ? ledger.pods.get(metadata.uid) : undefined;
    if (pod?.task !== undefined && !pod.task.isEdited && isHost(writer)) this.#judgePod(change, pod, pod.task, writer);
  }

  #judgeTask(change: Change, task: TaskRecord, writer: string): void {
    const { ledger } = this.#options;
    const before = change.previous as (StoredObject & Task) | undefined;
    if (change.type === 'DELETED' || before === undefined || before.status === change.object.status) return;
    const wasFinished = hasFinished(before);
    if (wasFinished && !isFinished(task)) task.asked.set(lastNumberIn(task.latest.status) + 1, ledger.nowMs);
    if (task.isEdited || !isHost(writer)) return;
    const what = `task ${task.namespace}/${task.name} (${task.uid.slice(0, 8)}), by ${writer}`;
    for (const fault of faultsOfAttempts(before, task)) this.#report('attempts-are-numbered-and-never-lost', `${what}: ${fault}`);
    if (wasFinished && !isFinished(task)) {
      const fault = faultOfReopening(before, task);
      if (fault !== null) this.#report('a-finished-task-reopens-only-when-asked', `${what}: ${fault}`);
    }
    const added = newAttempt(before.status, task.latest.status);
    if (added !== undefined && !wasFinished) {
      const fault = faultOfNewAttempt(ledger, before, task, added);
      if (fault !== null) this.#report(...fault(what));
      const log = faultOfLog(ledger, task, added);
      if (log !== null) this.#report('a-log-that-goes-is-accounted-for', `${what}: ${log}`);
    }
    const pointer = faultOfPointers(ledger, before, task);
    if (pointer !== null) this.#report('a-kept-log-is-there', `${what}: ${pointer}`);
    // Two hosts that both believe that they lead, one of which sees what is old, may undo what the other says until one learns that it is none.
    if (!this.#options.isLate(writer)) this.#judgeRewording(before, task, what);
  }

  #judgePod(change: Change, pod: PodRecord, task: TaskRecord, writer: string): void {
    const { ledger, isLate } = this.#options;
    const what = `${writer}: pod ${pod.name} (${pod.uid.slice(0, 8)}) of task ${task.namespace}/${task.name} (${task.uid.slice(0, 8)})`;
    if (change.type === 'ADDED') {
      const fault = faultOfPodOfAttempt(ledger, task, pod, isLate(writer));
      if (fault !== null) this.#report(...fault(what));
      return;
    }
    const before = change.previous as StoredObject & Pod;
    const isOver = task.goneMs !== undefined || task.deletingMs !== undefined;
    const isRecorded = [...task.recorded.values()].some(({ attempt }) => attempt.podUID === pod.uid);
    const isLeftOver = isFinished(task) || pod.attempt <= lastNumberIn(task.latest.status);
    if (isHeld(before) && !isHeld(change.object) && !isOver && !isRecorded && !isLeftOver)
      this.#report('no-pod-is-released-before-its-end-is-recorded', `${what} is released, and its end is not in the status`);
    const isDeletion = before.metadata.deletionTimestamp === undefined && change.object.metadata.deletionTimestamp !== undefined;
    if (!isDeletion || isOver || pod.end === undefined) return;
    const fault = faultOfDisposal(ledger, task, pod);
    if (fault !== null) this.#report(...fault(what));
  }

  #judgeRewording(before: StoredObject & Task, task: TaskRecord, what: string): void {
    const said = ({ status }: Pick<Task, 'status'>): string | undefined =>
      Array.isArray(status?.conditions)
        ? status.conditions.find(({ type, status: is }) => type === 'PodBlocked' && is === 'True')?.message
        : undefined;
    const [was, is] = [said(before), said(task.latest)];
    if (is === undefined || was === is) return;
    const count = (this.#rewordings.get(task.uid) ?? 0) + 1;
    this.#rewordings.set(task.uid, count);
    const livedMs = this.#options.ledger.nowMs - task.createdMs;
    const most = REWORDINGS_AN_ATTEMPT * Math.max(1, task.pods.length) + livedMs / REWORDED_EVERY_MS + task.disturbances;
    if (count > most) this.#report('what-blocks-a-pod-is-not-said-all-the-time', `${what}: said ${count} times`);
  }

  #report(rule: string, says: string): void {
    this.#options.report({ rule, says });
  }
}
