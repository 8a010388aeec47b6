import type { Decision } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';

/** The snapshot with a decision's status patches applied to its Task (RFC 7386): what the next decision sees when nothing else has happened. */
export function applied(before: Snapshot, decision: Decision): Snapshot {
  if (decision.type !== 'Decided' || before.task === null) return before;
  const status = decision.actions.reduce<unknown>(
    (merged, action) => (action.type === 'Patch' && action.subresource === 'status' ? merge(merged, action.patch.status) : merged),
    before.task.status ?? {},
  );
  return { ...before, task: { ...before.task, status: status as NonNullable<typeof before.task.status> } };
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const kept = Object.entries(isMap(target) ? target : {}).filter(([field]) => patch[field] === undefined);
  const changed = Object.entries(patch).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries([
    ...kept,
    ...changed.map(([field, value]) => [field, merge(isMap(target) ? target[field] : undefined, value)]),
  ]);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
