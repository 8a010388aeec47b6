import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import type { Clock } from '#host/clock.ts';
import type { Cluster, Scope } from '#host/cluster/cluster.ts';
import type { Store } from '#host/cluster/store.ts';
import type { Reached } from './failure.ts';
import { follow } from './follow.ts';

export interface EndOptions {
  readonly cluster: Cluster & Reached;
  readonly clock: Clock;
  /** Not empty. */
  readonly tasks: readonly Task[];
  /** What is followed beside the Tasks, for `onChange`. */
  readonly more?: readonly Scope[];
  /** Absent: as long as it takes. */
  readonly timeoutMs?: number;
  onTrouble(text: string): void;
  /** Whether a Task has ended, as far as this wait is about it. Default: it is finished. */
  hasEnded?(task: Task): boolean;
  /** Called with each state of the cluster, the last one included. */
  onChange?(store: Store): void;
  /** Called once for each Task that has ended, or was deleted (null). */
  onEnd?(task: Task, final: Task | null): void;
}

/** Waits until every one of the Tasks, all of one namespace, has ended or is gone. */
export async function waitForEnds(options: EndOptions): Promise<'Ended' | 'TimedOut'> {
  const { cluster, clock, tasks, more = [], timeoutMs, onTrouble, hasEnded = isFinished } = options;
  const waiting = new Map(tasks.map((task) => [task.metadata.uid ?? '', task]));
  const over = new AbortController();
  const cancel = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, () => over.abort(new Error('the wait has timed out')));
  try {
    for await (const store of follow({ cluster, clock, scopes: [scopeOf(tasks), ...more], signal: over.signal, onTrouble })) {
      options.onChange?.(store);
      for (const [uid, task] of waiting) {
        const now = (store.byUid('Task', uid) ?? null) as Task | null;
        if (now !== null && !hasEnded(now)) continue;
        // A store that could not be filled yet proves nothing.
        if (now === null && !store.isSynced('Task', task.metadata.namespace)) continue;
        waiting.delete(uid);
        options.onEnd?.(task, now);
      }
      if (waiting.size === 0) return 'Ended';
    }
    return 'TimedOut';
  } finally {
    cancel();
  }
}

function scopeOf(tasks: readonly Task[]): Scope {
  const [first] = tasks;
  const namespace = first?.metadata.namespace ?? '';
  return tasks.length === 1 && first !== undefined
    ? { kind: 'Task', namespace, fieldSelector: `metadata.name=${first.metadata.name}` }
    : { kind: 'Task', namespace };
}
