import type { Condition } from '../api/kubernetes.ts';
import type { Attempt, Task, TaskSpec, TaskStatus } from '../api/task.ts';
import { type Conforms, conform, conformsTo, isObject, type Shape } from '../pod/shape.ts';
import { CLEANUP, durationFault, PENDING_TIMEOUTS, RETRY, STOP } from '../pod/task-defaults.ts';

/** The fields of a spec that the rules read; the Pod builder checks its own. */
const SPEC: Readonly<Record<string, Shape>> = {
  agentRef: { fields: { name: 'text' } },
  templateRef: { fields: { name: 'text' } },
  suspend: 'boolean',
  priority: 'integer',
  managedBy: 'text',
  stop: STOP,
  retry: RETRY,
  pendingTimeouts: PENDING_TIMEOUTS,
  cleanup: CLEANUP,
};

const CONDITION: Shape = {
  fields: { type: 'name', status: 'text', reason: 'text', message: 'text', lastTransitionTime: 'text', observedGeneration: 'integer' },
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
};

const NAME_REF: Shape = { fields: { name: 'name' }, required: ['name'] };

const ATTEMPT: Shape = {
  fields: { number: 'integer', podName: 'name', podUID: 'name', cause: 'text', log: 'object', times: { mapOf: 'text' } },
  required: ['number'],
  others: 'kept',
};

const STATUS: Readonly<Record<string, Shape>> = {
  observedGeneration: 'integer',
  phase: 'text',
  podName: 'text',
  startTime: 'text',
  completionTime: 'text',
  cause: 'text',
  message: 'text',
  attemptCount: 'integer',
  times: { mapOf: 'text' },
  nextAttemptTime: 'text',
  retries: { fields: { limit: 'integer', unstarted: 'integer', causes: { mapOf: 'integer' } } },
  session: 'object',
  agentRef: NAME_REF,
  templateRef: NAME_REF,
};

const isSpec = conformsTo({ fields: SPEC });
const isStatus = conformsTo({ fields: { ...STATUS, conditions: { listOf: CONDITION }, attempts: { listOf: ATTEMPT } } });

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
  return isWhole(spec, isSpec) && (status === undefined || isWhole(status, isStatus));
}

function isWhole(value: object, isRight: Conforms): boolean {
  return isRight(value) && !Object.values(value).includes(null);
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
  const fault = durationFault(spec);
  if (fault !== null) return `spec.${fault.path}: ${fault.message}`;
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
  return {
    ...usable,
    ...(usable.conditions === undefined ? {} : { conditions: soundItems<Condition>(usable.conditions, CONDITION) }),
    ...(usable.attempts === undefined ? {} : { attempts: soundItems<Attempt>(usable.attempts, ATTEMPT) }),
  };
}

/** What of a list can be used: one bent entry costs only itself. The shape says what the type says. */
function soundItems<T>(value: unknown, shape: Shape): readonly T[] {
  if (!Array.isArray(value)) return [];
  return value.map((entry) => conform(entry, shape, 'entry')).flatMap((result) => ('fault' in result ? [] : [result.value as T]));
}
