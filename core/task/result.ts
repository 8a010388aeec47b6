import type { Pod } from '../api/kubernetes.ts';
import { AGENT_CONTAINER } from '../contract/names.ts';
import { isObject } from '../pod/shape.ts';
import { parseObject } from './started-with.ts';

/** The kubelet cuts a termination message there, in bytes. */
const MAX_RESULT_LENGTH = 4_096;

/**
 * The JSON object that the agent left in its termination message; null when it left none. Never trusted: it is data for people, and no rule reads it. Without nulls, which a
 * merge patch would take for removals.
 */
export function resultOf(pod: Pod | null): Readonly<Record<string, unknown>> | null {
  const text = pod?.status?.containerStatuses?.find((status) => status.name === AGENT_CONTAINER)?.state?.terminated?.message;
  const parsed = text === undefined || text.length > MAX_RESULT_LENGTH ? null : parseObject(text);
  return parsed === null ? null : withoutNulls(parsed);
}

function withoutNulls(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, isObject(value) ? withoutNulls(value) : value]),
  );
}
