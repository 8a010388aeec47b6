import type { Agent } from '#core/api/agent.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import type { LimitsRecord } from './agent-limits.ts';
import { isOverdue } from './ends.ts';
import { covers } from './fleets.ts';
import type { Ledger } from './ledger.ts';
import { isFinished, isHidden, isOrphaned, mayRun, type PodRecord, type TaskRecord } from './records.ts';
import type { Violation, Writer } from './violation.ts';

export interface LimitsOptions {
  readonly ledger: Ledger;
  /** The host of this name, if it is one. */
  writer(name: string): Writer | undefined;
  report(violation: Violation): void;
}

/** Whether an Agent runs and starts no more Tasks than it says, as far as one leader can know. */
export class Limits {
  readonly #options: LimitsOptions;
  /** Starts in an Agent's quota history: by whom they were recorded, and when. */
  readonly #starts = new Map<string, { readonly by: string; readonly atMs: number }>();

  constructor(options: LimitsOptions) {
    this.#options = options;
  }

  /** The limit of an Agent, for a leader that is alone: all that was there when it began, and all that it made itself. */
  judgePlaces(pod: PodRecord, task: TaskRecord, creator: Writer): void {
    const { ledger } = this.#options;
    if (pod.agent === undefined || task.isEdited) return;
    const limit = Math.max(
      ...this.#limitsKnown(pod.agent, creator.knewReferencesAt.get(task.uid) ?? 0).map(
        ({ maxConcurrentTasks }) => maxConcurrentTasks ?? Number.POSITIVE_INFINITY,
      ),
    );
    const holders = [...ledger.pods.values()].filter(
      (other) =>
        other !== pod &&
        other.agent === pod.agent &&
        mayRun(other) &&
        !isOrphaned(other) &&
        // Given up with its node: that it may still run costs no place.
        !isOverdue(ledger, other) &&
        !isOutOfSight(other, creator.name) &&
        other.task !== undefined &&
        other.task.goneMs === undefined &&
        !isFinished(other.task) &&
        // Of what another host has started it learns when it is told.
        covers(creator.share, other.task.namespace, other.task.latest.metadata.labels) &&
        other.task.movedMs === undefined &&
        other.task.latest.status?.attempts?.some(({ podUID }) => podUID === other.uid) !== true &&
        (other.createdBy === creator.name || other.createdMs < (creator.ledSinceMs ?? 0)),
    );
    if (holders.length < limit) return;
    const names = holders.map(({ name }) => name).join(', ');
    this.#options.report({
      rule: 'one-leader-keeps-an-agents-limit',
      says: `${creator.name} creates pod ${pod.name} for agent ${pod.agent}, whose ${limit} places are held by ${names}`,
    });
  }

  /** Limits of an Agent from a version on: what a host that knows no more may go by. */
  #limitsKnown(agent: string, revision: number): readonly LimitsRecord[] {
    const all = this.#options.ledger.limits.of(agent);
    const first = all.findLastIndex((entry) => entry.revision <= revision);
    return all.slice(Math.max(0, first));
  }

  /** By a change of an Agent: the starts in its quota's window, for a leader that knows them. */
  judgeStarts(change: Change): void {
    const { ledger, writer } = this.#options;
    const agent = change.object as StoredObject & Agent;
    const by = ledger.writers.of(change);
    const nowMs = ledger.nowMs;
    const key = `${agent.metadata.namespace}/${agent.metadata.name}`;
    const history = agent.status?.taskStartHistory ?? [];
    const idOf = (start: (typeof history)[number]): string =>
      `${agent.metadata.uid} ${start.taskNamespace}/${start.taskName} ${start.startTime}`;
    for (const start of history) if (!this.#starts.has(idOf(start))) this.#starts.set(idOf(start), { by, atMs: nowMs });
    const host = writer(by);
    if (host === undefined || change.type !== 'MODIFIED') return;
    const windowMs = (agent.spec.quota?.windowSeconds ?? 0) * 1_000;
    const most = Math.max(...ledger.limits.of(key).map(({ maxTaskStarts }) => maxTaskStarts ?? Number.POSITIVE_INFINITY));
    const counted = history.filter((start) => {
      const record = this.#starts.get(idOf(start));
      const isKnown = record?.by === by || (record?.atMs ?? 0) < (host.ledSinceMs ?? 0);
      // A hand that writes Running takes a place past the queue.
      const isEdited = ledger.taskNamed(start.taskNamespace, start.taskName)?.isEdited === true;
      return isKnown && !isEdited && Date.parse(start.startTime) > nowMs - windowMs;
    });
    const hasNew = history.some((start) => this.#starts.get(idOf(start))?.atMs === nowMs);
    if (hasNew && counted.length > most) {
      this.#options.report({
        rule: 'one-leader-keeps-an-agents-quota',
        says: `${by} records start ${counted.length} of agent ${key} within ${windowMs / 1_000} s, ${most} are allowed`,
      });
    }
  }
}

/**
 * Whether no watch shows a Pod, as somebody has taken its label, and nobody looks for it: its Task is not there to be worked on, or says nothing of it yet, and who made it
 * has not come to say so.
 */
function isOutOfSight({ latest, createdBy, task }: PodRecord, creator: string): boolean {
  if (!isHidden(latest)) return false;
  return task?.deletingMs !== undefined || (createdBy !== creator && task?.latest.status?.phase !== 'Running');
}
