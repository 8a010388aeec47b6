import type { Condition } from '../api/kubernetes.ts';
import type { TaskStatus } from '../api/task.ts';
import type { Patch } from '../contract/decision.ts';
import { type ConditionChange, dropCondition, setCondition } from './conditions.ts';
import type { TaskContext } from './context.ts';
import { cutText } from './text.ts';

/** The CRD refuses a longer `status.message`, and with it the whole write. */
const MAX_MESSAGE_LENGTH = 4_096;

export interface StatusChange {
  /** Fields to set, null to remove; a field that already has the value is left out of the patch. */
  readonly set?: { readonly [Field in keyof TaskStatus]?: TaskStatus[Field] | null };
  readonly conditions?: readonly ConditionChange[];
}

/**
 * The write of a status, or nothing when it says already what it should. Lists go whole, because a merge patch replaces them; the resourceVersion makes a write
 * that was decided on an older Task fail instead of undoing a newer one. `EngineError` goes away with the next write: the core that writes this works.
 */
export function patchStatus(context: TaskContext, id: string, change: StatusChange): readonly Patch[] {
  const { task, nowMs } = context;
  const before: Readonly<Record<string, unknown>> = { ...task.status };
  const { generation, resourceVersion, uid = context.snapshot.subject.uid } = task.metadata;
  const conditions = (change.conditions ?? []).reduce<readonly Condition[]>(
    (list, entry) => setCondition(list, entry, nowMs, generation),
    dropCondition(task.status?.conditions ?? [], 'EngineError'),
  );
  const wanted: Readonly<Record<string, unknown>> = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...change.set,
    ...(typeof change.set?.message === 'string' ? { message: cutText(change.set.message, MAX_MESSAGE_LENGTH) } : {}),
    ...(conditions.length > 0 || before.conditions !== undefined ? { conditions } : {}),
  };
  const changed = Object.keys(wanted).filter((field) => wanted[field] !== undefined && !deepEqual(before[field] ?? null, wanted[field]));
  // What is said only with the next thing that is a reason to write. Another spec is one: whoever has changed it waits to see it observed.
  const isSilent = (field: string): boolean =>
    field === 'observedGeneration'
      ? before.observedGeneration === undefined
      : field === 'conditions' && sayTheSame(before.conditions, wanted.conditions);
  if (changed.every(isSilent)) return [];
  return [
    {
      type: 'Patch',
      id,
      ref: { kind: 'Task', namespace: context.snapshot.subject.namespace, name: context.snapshot.subject.name },
      uid,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      patchType: 'merge',
      subresource: 'status',
      patch: { status: Object.fromEntries(changed.map((field) => [field, wanted[field]])) },
    },
  ];
}

/** Whether two lists of conditions differ at most in generations and in what the host says of the engine. */
function sayTheSame(before: unknown, after: unknown): boolean {
  const strip = (list: unknown): readonly Condition[] =>
    Array.isArray(list) ? dropCondition(list, 'EngineError').map(({ observedGeneration: _, ...entry }) => entry) : [];
  return deepEqual(strip(before), strip(after));
}

/** Equality of two JSON values; an absent field and an undefined one are equal. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(left)) if (!deepEqual(left[key], right[key])) return false;
  return Object.keys(right).every((key) => right[key] === undefined || Object.hasOwn(left, key));
}
