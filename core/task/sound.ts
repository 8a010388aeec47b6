import type { Condition } from '../api/kubernetes.ts';
import type { Task, TaskSpec, TaskStatus } from '../api/task.ts';
import { conform, conforms, isObject, type Shape } from '../pod/shape.ts';
import { parseDuration } from '../units/duration.ts';

/** The fields of a spec that the rules read; the Pod builder checks its own. */
const SPEC: Readonly<Record<string, Shape>> = {
  agentRef: { fields: { name: 'text' } },
  templateRef: { fields: { name: 'text' } },
  suspend: 'boolean',
  priority: 'integer',
  managedBy: 'text',
  stop: { fields: { mode: 'text', gracePeriodSeconds: 'integer' } },
  cleanup: { fields: { ttlSecondsAfterFinished: 'integer' } },
};

const CONDITION: Shape = {
  fields: { type: 'name', status: 'text', reason: 'text', message: 'text', lastTransitionTime: 'text', observedGeneration: 'integer' },
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
};

const CONDITIONS: Shape = { listOf: CONDITION };

const NAME_REF: Shape = { fields: { name: 'name' }, required: ['name'] };

const STATUS: Readonly<Record<string, Shape>> = {
  observedGeneration: 'integer',
  phase: 'text',
  podName: 'text',
  startTime: 'text',
  completionTime: 'text',
  cause: 'text',
  message: 'text',
  attemptCount: 'integer',
  attempts: { listOf: { fields: { number: 'integer' }, required: ['number'], others: 'kept' } },
  times: { mapOf: 'text' },
  session: 'object',
  agentRef: NAME_REF,
  templateRef: NAME_REF,
};

export interface SoundTask {
  /** The Task with only such fields as have their right shape. */
  readonly task: Task;
  /** What makes the spec unusable though an older CRD let it in, with the right form; null when nothing does. */
  readonly specFault: string | null;
}

/** An object that was stored under an older CRD may hold anything: what the rules can't use costs that Task a condition, never the rules their footing. */
export function soundTask(task: Task): SoundTask {
  if (isSound(task)) return { task, specFault: faultOf(task.spec) };
  const { usable, fault } = soundFields(task.spec, SPEC, 'spec');
  const spec: TaskSpec = usable;
  const sound: Task = { ...task, spec, ...(task.status === undefined ? {} : { status: soundStatus(task.status) }) };
  return { task: sound, specFault: fault ?? faultOf(spec) };
}

/** The way that nearly every Task goes: nothing is built anew. */
function isSound({ spec, status }: Task): boolean {
  return areSound(spec, SPEC) && (status === undefined || (areSound(status, STATUS) && conforms(status.conditions ?? [], CONDITIONS)));
}

function areSound(value: unknown, shapes: Readonly<Record<string, Shape>>): boolean {
  if (!isObject(value)) return false;
  for (const field in value) if (value[field] === null) return false;
  return conforms(value, { fields: shapes });
}

/** The fields that have their right shape, and the first fault: one bent field costs only itself. */
function soundFields(
  value: unknown,
  shapes: Readonly<Record<string, Shape>>,
  path: string,
): { readonly usable: Readonly<Record<string, unknown>>; readonly fault: string | null } {
  if (!isObject(value)) return { usable: {}, fault: `${path} must be an object` };
  const judged = Object.entries(value)
    .filter(([, item]) => item !== null && item !== undefined)
    .map(
      ([field, item]) => [field, conform(item, (Object.hasOwn(shapes, field) && shapes[field]) || 'anything', `${path}.${field}`)] as const,
    );
  return {
    usable: Object.fromEntries(judged.flatMap(([field, result]) => ('fault' in result ? [] : [[field, result.value] as const]))),
    fault: judged.flatMap(([, result]) => ('fault' in result ? [result.fault] : []))[0] ?? null,
  };
}

function faultOf(spec: TaskSpec): string | null {
  if (spec.timeout !== undefined && spec.timeout !== null) {
    const timeout = parseDuration(spec.timeout);
    if (!timeout.ok) return `spec.timeout: ${timeout.message}`;
  }
  const given = [spec.agentRef, spec.templateRef].filter((ref) => ref !== undefined);
  const named = given.filter(({ name }: { readonly name?: string }) => name !== undefined && name !== '');
  if (named.length !== 1 || given.length !== 1) {
    const empty = given.length === named.length ? '' : ` and ${given.length - named.length} without a name`;
    return `spec: exactly one of agentRef.name and templateRef.name must be given; this task has ${named.length}${empty}`;
  }
  return null;
}

function soundStatus(status: unknown): TaskStatus {
  const { usable } = soundFields(status, STATUS, 'status');
  return { ...usable, ...(usable.conditions === undefined ? {} : { conditions: soundConditions(usable.conditions) }) };
}

function soundConditions(value: unknown): readonly Condition[] {
  return Array.isArray(value) ? value.filter((entry) => !('fault' in conform(entry, CONDITION, 'condition'))) : [];
}
