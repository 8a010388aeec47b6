import type { TaskEnd } from '../../controller/hooks.ts';
import type { Kit, Sample } from './kit.ts';
import type { LabelBound, Owner } from './label-bound.ts';

/** Upstream's: 10 s, doubling. */
const TASK_BUCKETS = Array.from({ length: 10 }, (_, power) => 10 * 2 ** power);
/** From a Task that starts at once to one that waits for a day. */
const WAIT_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 14_400, 86_400];

/** What is counted where it stands rather than when it changes: asked at every scrape. */
export interface TaskSources {
  /** Tasks by namespace and phase; labels `namespace`, `phase`. */
  readonly tasks?: () => readonly Sample[];
  /** Tasks that have a cause, because they wait for something or have ended of it; labels `namespace`, `phase`, `cause`. */
  readonly causes?: () => readonly Sample[];
  /** Waiting Tasks by Agent; labels `namespace`, `agent`. */
  readonly agentQueue?: () => readonly Sample[];
  /** How long the Task that has waited longest for an Agent has done so, in seconds; labels `namespace`, `agent`. */
  readonly agentQueueOldest?: () => readonly Sample[];
  /** Places that an Agent has (those without a limit are left out), and those that are taken; labels `namespace`, `agent`. */
  readonly agentSlots?: () => readonly Sample[];
  readonly agentSlotsTaken?: () => readonly Sample[];
  /** Whether anything of an owner is left; when not, its series may go. Default: all is. */
  readonly isOwnerThere?: (owner: Owner) => boolean;
}

export interface TaskMetrics {
  /** `seconds` null: its times do not tell. */
  taskFinished(end: TaskEnd, seconds: number | null): void;
  /** A Task began to run, so long after its creation. */
  taskStarted(owner: Owner, waitedSeconds: number): void;
  /** An attempt ended; `cause` empty: it succeeded. */
  attemptEnded(owner: Owner, cause: string): void;
  /** Drops the series of owners that are gone, once there are as many as there may be. */
  prune(): Promise<void>;
}

/** Tasks and Agents. Every label that users name goes through `bound`. */
export function taskMetrics({ counter, histogram, sampled }: Kit, bound: LabelBound, sources: () => TaskSources): TaskMetrics {
  const ofOwner = ['namespace', 'agent'] as const;
  const read = (source: Exclude<keyof TaskSources, 'isOwnerThere'>) => () => bound.fold(sources()[source]?.() ?? []);
  sampled('kubeopencode_tasks', 'Tasks in the cache.', ['namespace', 'phase'], read('tasks'));
  sampled(
    'kubeopencode_task_causes',
    'Tasks in the cache that have a cause: those that wait, by what keeps them, and those that ended, by what ended them.',
    ['namespace', 'phase', 'cause'],
    read('causes'),
  );
  sampled('kubeopencode_agent_queue_length', 'Tasks that wait for a slot of an Agent.', ofOwner, read('agentQueue'));
  sampled(
    'kubeopencode_agent_queue_oldest_seconds',
    'How long the Task that has waited longest for an Agent has waited.',
    ofOwner,
    read('agentQueueOldest'),
  );
  sampled(
    'kubeopencode_agent_slots',
    'Tasks that an Agent runs at a time, where it has a limit and anybody asks.',
    ofOwner,
    read('agentSlots'),
  );
  sampled('kubeopencode_agent_slots_taken', 'Slots of an Agent that are taken.', ofOwner, read('agentSlotsTaken'));
  const duration = histogram(
    'kubeopencode_task_duration_seconds',
    'Time from the start of a Task (its creation, where it never started) to its end, however it ended.',
    ofOwner,
    TASK_BUCKETS,
  );
  const wait = histogram('kubeopencode_task_wait_seconds', 'Time from the creation of a Task to its start.', ofOwner, WAIT_BUCKETS);
  const ends = counter('kubeopencode_task_ends_total', 'Tasks that ended, by how and why.', ['namespace', 'agent', 'outcome', 'cause']);
  const attempts = counter('kubeopencode_task_attempts_total', 'Attempts that ended, by why (empty: success).', [
    'namespace',
    'agent',
    'cause',
  ]);
  return {
    taskFinished: ({ outcome, cause, ...of }, seconds) => {
      const owner = bound.admit(of);
      ends.inc({ ...owner, outcome, cause });
      if (seconds !== null) duration.observe({ ...owner }, seconds);
    },
    taskStarted: (owner, waitedSeconds) => wait.observe({ ...bound.admit(owner) }, waitedSeconds),
    attemptEnded: (owner, cause) => attempts.inc({ ...bound.admit(owner), cause }),
    prune: async () => {
      const { isOwnerThere } = sources();
      if (!bound.isFull || isOwnerThere === undefined) return;
      const gone = new Set(bound.prune(isOwnerThere).map(keyOf));
      if (gone.size === 0) return;
      for (const metric of [ends, attempts, duration, wait]) {
        for (const { labels } of (await metric.get()).values) {
          // A histogram's series go together, whichever of its buckets is named.
          const { le: _bucket, ...rest } = { le: undefined, ...labels };
          if (gone.has(keyOf({ namespace: labels.namespace, agent: labels.agent }))) metric.remove(rest);
        }
      }
    },
  };
}

function keyOf({ namespace, agent }: { readonly namespace?: unknown; readonly agent?: unknown }): string {
  return `${namespace}/${agent}`;
}
