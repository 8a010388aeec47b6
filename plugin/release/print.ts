import { table } from '../table.ts';
import type { WhyController } from '../why/controller.ts';
import type { HeldPod, Released } from './held.ts';

/** What `release -o json` prints. Within a version fields are added, never changed or removed. */
export interface ReleaseReport {
  readonly formatVersion: 1;
  /** Whether a controller runs, which would hold the Pods that it makes from then on. */
  readonly controller: WhyController;
  /** Every Pod that our finalizer held. */
  readonly pods: readonly ReleasedPod[];
}

export interface ReleasedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  readonly task: string;
  /** Why it belongs to nobody; absent where it has a Task, or nobody knows. */
  readonly orphan?: string;
  readonly phase: string;
  readonly node?: string;
  /** Since when its deletion waits for our finalizer, among others. */
  readonly deletingAt?: string;
  /** What nobody can tell any more; absent: nothing. */
  readonly loses?: string;
  readonly result: Released['type'];
  /** Of a failure. */
  readonly message?: string;
}

export function releasedPod({ pod: { metadata, spec, status }, task, owner, loses }: HeldPod, released: Released): ReleasedPod {
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    task,
    ...(owner.type === 'Orphan' ? { orphan: owner.why } : {}),
    phase: status?.phase ?? 'Pending',
    ...(spec.nodeName === undefined || spec.nodeName === '' ? {} : { node: spec.nodeName }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deletingAt: metadata.deletionTimestamp }),
    ...(loses === undefined ? {} : { loses }),
    result: released.type,
    ...(released.type === 'Failed' ? { message: released.message } : {}),
  };
}

const WORDS = { Released: 'released', WouldRelease: 'would be released', Gone: 'gone', Failed: 'FAILED' } as const satisfies Record<
  Released['type'],
  string
>;

/** One line a Pod. */
export function releaseTable(pods: readonly ReleasedPod[]): string {
  return table(
    ['NAMESPACE', 'POD', 'PHASE', 'TASK', 'RESULT', 'LOSES'],
    pods.map(({ namespace, name, phase, deletingAt, task, orphan, result, loses }) => [
      namespace,
      name,
      `${phase}${deletingAt === undefined ? '' : ', deleting'}`,
      orphan === undefined ? task : `${task} (orphan: ${orphan})`,
      WORDS[result],
      loses ?? '',
    ]),
  );
}
