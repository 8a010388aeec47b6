import type { Pod } from '../api/kubernetes.ts';
import { ANNOTATIONS } from '../contract/names.ts';
import type { StartedWith } from '../contract/started-with.ts';
import { conform, type Shape } from '../pod/shape.ts';
import { PENDING_TIMEOUTS, POD_CLEANUP, RETRY, STOP } from '../pod/task-defaults.ts';
import { parseDuration } from '../units/duration.ts';
import type { TaskContext } from './context.ts';

export function startedWithAnnotation(startedWith: StartedWith): Readonly<Record<string, string>> {
  return { [ANNOTATIONS.startedWith]: JSON.stringify(startedWith) };
}

/** Reads it back; what people may have done to it counts as nothing. */
export function startedWithOf(pod: Pod | null): StartedWith {
  const text = pod?.metadata.annotations?.[ANNOTATIONS.startedWith];
  const value = text === undefined ? null : parseObject(text);
  if (value === null) return {};
  return Object.fromEntries(
    Object.entries(FIELDS).flatMap(([field, shape]) => {
      const found = value[field] === undefined || value[field] === null ? null : conform(value[field], shape, field);
      return found === null || 'fault' in found ? [] : [[field, found.value]];
    }),
  );
}

const FIELDS: Readonly<Record<keyof StartedWith, Shape>> = {
  agent: 'text',
  template: 'text',
  timeout: 'text',
  stop: STOP,
  retry: RETRY,
  pendingTimeouts: PENDING_TIMEOUTS,
  podCleanup: POD_CLEANUP,
  stopFile: 'boolean',
  serverUrl: 'text',
};

/** How long the Task may run, in milliseconds: its own word, else what it was started with; null when neither says it in a form that can be read. */
export function timeoutMs(context: TaskContext, pod: Pod | null): number | null {
  for (const text of [context.task.spec.timeout, startedWithOf(pod).timeout]) {
    const timeout = parseDuration(text);
    if (timeout.ok) return timeout.ms;
  }
  return null;
}

/** A JSON object from text; null when it is none. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
