import { fnv1a32 } from '#core/units/hash.ts';
import type { PlannedAction } from '../contract/plan.ts';
import type { PlanRecord, PlanRun } from './record.ts';

/** In the place of what only applying makes known: UIDs, and names made from them. */
export const UNKNOWN = '(known after apply)';

/** UIDs of the Task and its Pods that no cluster has given out. */
export function unknownUids({ knownUids }: PlanRun, taskUid: string, records: readonly PlanRecord[]): ReadonlySet<string> {
  const pods = records.flatMap(({ snapshot }) =>
    snapshot.pods.flatMap(({ metadata }) => (metadata.uid === undefined ? [] : [metadata.uid])),
  );
  return new Set([taskUid, ...pods].filter((uid) => !knownUids.has(uid)));
}

/** A UID that the plan made up would be a lie, and so would a title that begins with it, and names that are made of a hash of it: of the ConfigMap with a log, of an Event. */
export function withoutUids<T extends PlannedAction>(action: T, taskUid: string, unknown: ReadonlySet<string>): T {
  if (unknown.size === 0) return action;
  const prefixes = unknown.has(taskUid) ? [...unknown, taskUid.slice(0, 8), fnv1a32(taskUid)] : [...unknown];
  const text = prefixes.reduce((rest, uid) => rest.replaceAll(uid, UNKNOWN), JSON.stringify(action));
  const clean = JSON.parse(text) as T;
  return action.verb === 'event' && unknown.has(taskUid) ? { ...clean, name: UNKNOWN } : clean;
}
