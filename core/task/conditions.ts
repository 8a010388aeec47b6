import type { Condition } from '../api/kubernetes.ts';
import { formatTime } from '../units/time.ts';
import { cutText } from './text.ts';

/** Condition types of a Task. `Ready`, `Queued` and `Stopped` are upstream's; the others are ours. */
export type ConditionType =
  | 'Ready'
  | 'Queued'
  | 'Stopped'
  | 'Stopping'
  | 'PodBlocked'
  | 'PodDeleting'
  | 'Retrying'
  | 'Finished'
  | 'EngineError';

export function findCondition(conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** The condition when it is True. */
export function trueCondition(conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined {
  const condition = findCondition(conditions, type);
  return condition?.status === 'True' ? condition : undefined;
}

export interface ConditionChange {
  readonly type: ConditionType;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  /** When it came to be so, in milliseconds since the epoch; default: now. */
  readonly sinceMs?: number;
}

/** API servers refuse a condition message above 32 KiB; nobody reads more than this. */
const MAX_MESSAGE_LENGTH = 2_048;

/** A message as a condition holds it. */
export function conditionMessage(message: string): string {
  return cutText(message, MAX_MESSAGE_LENGTH);
}

/**
 * The list with one condition set. `lastTransitionTime` moves when status, reason or message changes (not only the status, as elsewhere): the time for which a
 * Task waits for something missing counts from the condition that says that this is missing.
 */
export function setCondition(
  conditions: readonly Condition[],
  change: ConditionChange,
  nowMs: number,
  generation: number | undefined,
): readonly Condition[] {
  const before = conditions.find((condition) => condition.type === change.type);
  const message = conditionMessage(change.message);
  const same = before?.status === change.status && before.reason === change.reason && before.message === message;
  const after: Condition = {
    type: change.type,
    status: change.status,
    reason: change.reason,
    message,
    lastTransitionTime: same ? before.lastTransitionTime : formatTime(change.sinceMs ?? nowMs),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  return before === undefined ? [...conditions, after] : conditions.map((condition) => (condition === before ? after : condition));
}

/** The list without one type. */
export function dropCondition(conditions: readonly Condition[], type: ConditionType): readonly Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}
