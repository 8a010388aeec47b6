import type { EndGroup, Outlook, PlannedTask, PlanSummary } from '../contract/plan.ts';

const OUTLOOKS: readonly Outlook[] = ['Starts', 'Runs', 'Ends', 'Waits', 'Blocked', 'Finished', 'Deleted'];
const TYPES: readonly EndGroup['type'][] = ['Ends', 'GoesOn', 'Blocked', 'Ended'];
/** So many names are told of a group. */
const MOST_NAMES = 3;

export function summaryOf(tasks: readonly PlannedTask[]): PlanSummary {
  const now = grouped(tasks, (task) => ({ outlook: task.outlook, says: withoutName(reasonOf(task)) }));
  const ends = grouped(tasks, (task) => {
    const { phase, cause } = task.end;
    return { type: typeOf(task), phase, ...(cause === undefined ? {} : { cause }) };
  });
  return {
    tasks: tasks.length,
    now: now.toSorted((a, b) => OUTLOOKS.indexOf(a.outlook) - OUTLOOKS.indexOf(b.outlook) || b.count - a.count),
    ends: ends.toSorted((a, b) => TYPES.indexOf(a.type) - TYPES.indexOf(b.type) || b.count - a.count),
  };
}

function grouped<Key extends object>(
  tasks: readonly PlannedTask[],
  keyOf: (task: PlannedTask) => Key,
): readonly (Key & { readonly count: number; readonly first: readonly string[] })[] {
  const groups = new Map<string, { readonly key: Key; readonly names: string[] }>();
  for (const task of tasks) {
    const key = keyOf(task);
    const text = JSON.stringify(key);
    const group = groups.get(text) ?? { key, names: [] };
    groups.set(text, group);
    group.names.push(`${task.namespace}/${task.name}`);
  }
  return [...groups.values()].map(({ key, names }) => ({ ...key, count: names.length, first: names.slice(0, MOST_NAMES) }));
}

/** Why a Task stands where the first moment leaves it: the beginning of what is said. */
export function reasonOf({ outlook, steps, end, blocked }: PlannedTask): string {
  if (outlook === 'Finished') return end.cause === undefined ? end.phase : `${end.phase} (${end.cause})`;
  const atFirst = steps.filter(({ at }) => at === steps[0]?.at);
  const says = outlook === 'Blocked' ? (blocked ?? '') : outlook === 'Starts' ? saysStart(atFirst) : (atFirst.at(-1)?.says ?? '');
  return says.split('; ')[0] ?? '';
}

function saysStart(steps: PlannedTask['steps']): string {
  return steps.find(({ actions }) => actions.some(({ verb, kind }) => verb === 'create' && kind === 'Pod'))?.says ?? '';
}

/** Each Task has Pods of its own, named after it. */
function withoutName(text: string): string {
  return text.replaceAll(/\bpod [\w.-]*-pod\b[\w.-]*/g, 'pod <task>-pod');
}

function typeOf({ outlook, end, blocked }: PlannedTask): EndGroup['type'] {
  if (blocked !== undefined) return 'Blocked';
  if (outlook === 'Finished') return 'Ended';
  return end.at === undefined && end.deletedAt === undefined && end.phase !== 'Deleted' ? 'GoesOn' : 'Ends';
}
