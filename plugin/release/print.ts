import type { ReleasedPod } from '../contract/release.ts';
import { table } from '../table.ts';
import type { HeldPod, Released } from './held.ts';

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
export function releaseTable(pods: readonly ReleasedPod[], hasHeaders: boolean): string {
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
    hasHeaders,
  );
}
