import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { assertNever } from '#core/contract/decision.ts';
import type { Paint, Style } from '../io.ts';
import type { PlannedAction } from './actions.ts';
import type { Plan, PlannedTask, PlanStep } from './model.ts';

export interface PlanTextOptions {
  readonly paint: Paint;
  /** Makes YAML of the Pods. */
  readonly toYaml: (value: unknown) => string;
  /** What `kubectl apply` would be given. */
  readonly applyWith: string;
}

const SYMBOLS = { create: '+', patch: '~', delete: '-', event: '*', effect: '>', record: '>' } as const satisfies Record<
  PlannedAction['verb'],
  string
>;
const STYLES = { create: 'green', patch: 'yellow', delete: 'red', event: 'dim', effect: 'dim', record: 'dim' } as const satisfies Record<
  PlannedAction['verb'],
  Style
>;
const LEGEND = {
  create: 'create',
  patch: 'change',
  delete: 'delete',
  event: 'tell (Event)',
  effect: 'do aside',
  record: 'do aside',
} as const;

/** The plan for people: the timeline of each Task, the Pods that would be created, one line in sum. */
export function planText(plan: Plan, options: PlanTextOptions): string {
  const { paint } = options;
  if (plan.tasks.length === 0) return `${header(plan, paint)}\n\nNo Task to plan.\n`;
  const pods = plan.tasks.flatMap((task) => podsOf(task).map((pod) => podText(task, pod, options)));
  const parts = [
    [header(plan, paint), legend(plan, paint)].filter((line) => line !== '').join('\n'),
    ...plan.tasks.map((task) => taskText(plan, task, paint)),
    ...pods,
    footer(plan, options),
  ];
  return `${parts.join('\n\n')}\n`;
}

function header({ source, core, assume }: Plan, paint: Paint): string {
  const where =
    source === 'files'
      ? 'Files only: the cluster was not asked (--live adds what it holds).'
      : 'Files, on top of what the cluster holds now.';
  const how =
    assume === 'as labelled'
      ? 'Pods are assumed to succeed, unless their sim.kubeopencode.io labels say otherwise.'
      : `Every Pod is assumed to end: ${assume}.`;
  return paint('dim', `${where} ${how}\ncore ${core.slice(0, 19)}`);
}

/** Only the symbols that are used. */
function legend({ tasks }: Plan, paint: Paint): string {
  const verbs = new Set(tasks.flatMap(({ steps }) => steps.flatMap(({ actions }) => actions.map(({ verb }) => verb))));
  const shown = (Object.keys(SYMBOLS) as PlannedAction['verb'][]).filter(
    (verb) => verbs.has(verb) && !(verb === 'record' && verbs.has('effect')),
  );
  return shown.length === 0 ? '' : `\n  ${shown.map((verb) => `${paint(STYLES[verb], SYMBOLS[verb])} ${LEGEND[verb]}`).join('   ')}`;
}

function taskText(plan: Plan, task: PlannedTask, paint: Paint): string {
  const width = Math.max(4, ...task.steps.map(({ at }) => at.length));
  const lines = task.steps.flatMap((step) => stepLines(step, width, paint));
  return [paint('bold', `Task ${task.namespace}/${task.name}`), ...lines, `  ${endText(plan, task, paint)}`].join('\n');
}

function stepLines(step: PlanStep, width: number, paint: Paint): readonly string[] {
  const indent = ' '.repeat(width + 6);
  return [`  ${step.at.padEnd(width)}  ${step.says}`, ...step.actions.map((action) => `${indent}${actionText(action, paint)}`)];
}

/** One line: symbol, object, and what of it people look for. */
export function actionText(action: PlannedAction, paint: Paint): string {
  const symbol = paint(STYLES[action.verb], SYMBOLS[action.verb]);
  const refused = action.refused === undefined ? '' : `  ${paint('red', `! refused: ${action.refused}`)}`;
  const detail = detailOf(action);
  return `${symbol} ${titleOf(action)}${detail === '' ? '' : `  ${paint('dim', detail)}`}${refused}`;
}

function titleOf({ verb, kind, name, subresource, event }: PlannedAction): string {
  switch (verb) {
    case 'create':
    case 'delete':
      return `${kind} ${name}`;
    case 'patch':
      return subresource === undefined ? `${kind} ${name}` : `${kind} ${name} (${subresource})`;
    case 'event':
      return `Event ${event?.reason ?? name}`;
    case 'effect':
      return `${kind} ${name}`;
    case 'record':
      return `count the start at Agent ${name}`;
    default:
      return assertNever(verb);
  }
}

function detailOf({ verb, kind, object, patch, event, gracePeriodSeconds }: PlannedAction): string {
  if (verb === 'event') return event?.note ?? '';
  if (verb === 'delete') return gracePeriodSeconds === undefined ? '' : `grace ${gracePeriodSeconds}s`;
  if (verb === 'patch') return patchText(patch ?? {});
  if (verb !== 'create' || object === undefined) return '';
  return kind === 'ConfigMap' ? dataText(object) : kind === 'Pod' ? 'shown below' : '';
}

/** Keys of a ConfigMap with the length of each value. */
function dataText(object: KubernetesObject): string {
  const data: unknown = 'data' in object ? object.data : undefined;
  if (typeof data !== 'object' || data === null) return '';
  return Object.entries(data)
    .map(([key, value]) => `${key} (${String(value).length})`)
    .join(', ');
}

/** What of a patch people look for: phase, cause and conditions of a status; else the fields that it touches. */
function patchText(patch: Readonly<Record<string, unknown>>): string {
  const { status, metadata, spec } = patch;
  if (typeof status === 'object' && status !== null) return statusText({ ...status });
  const touched = [...paths(metadata, 'metadata'), ...paths(spec, 'spec')];
  return touched.join(', ');
}

function statusText(status: Readonly<Record<string, unknown>>): string {
  const told = ['phase', 'cause', 'podName'].flatMap((field) => (typeof status[field] === 'string' ? [`${field} ${status[field]}`] : []));
  const conditions = Array.isArray(status.conditions) ? status.conditions.map(conditionText) : [];
  const all = [...told, ...conditions];
  return all.length === 0 ? Object.keys(status).join(', ') : all.join(', ');
}

function conditionText(condition: unknown): string {
  if (typeof condition !== 'object' || condition === null) return '';
  const { type, status, reason }: Readonly<Record<string, unknown>> = { ...condition };
  return `${String(type)}=${String(status)}/${String(reason)}`;
}

/** `metadata.annotations.kubeopencode.io/ended-for=Stopped`; a finalizer that goes is named. */
function paths(value: unknown, prefix: string): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return value === undefined ? [] : [`${prefix}=${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, below]) =>
    key.startsWith('$deleteFromPrimitiveList/') && Array.isArray(below)
      ? [`${key.slice('$deleteFromPrimitiveList/'.length)} less ${below.join(', ')}`]
      : paths(below, `${prefix}.${key}`),
  );
}

function endText(plan: Plan, { end, blocked, steps }: PlannedTask, paint: Paint): string {
  const cause = end.cause === undefined ? '' : ` (${end.cause})`;
  const message = end.message === undefined ? '' : `: ${end.message}`;
  if (blocked !== undefined)
    return `${paint('red', '!')} blocked${end.at === undefined ? ` for ${plan.horizon}` : ''}, ${end.phase}${cause}: ${blocked}`;
  const deleted = end.deletedAt === undefined ? '' : `; deleted ${end.deletedAt}`;
  if (end.at === undefined)
    return `${deleted === '' ? `Not ended after ${plan.horizon}` : `Deleted ${end.deletedAt}`}: ${end.phase}${cause}${message}`;
  const had = end.at === '+0s' && steps.every(({ actions }) => actions.length === 0);
  return `${had ? 'Has ended already' : `Ends ${end.at}`}: ${paint(end.phase === 'Failed' ? 'red' : 'green', end.phase)}${cause}${message}${deleted}`;
}

function podsOf({ steps }: PlannedTask): readonly KubernetesObject[] {
  return steps.flatMap(({ actions }) =>
    actions.flatMap(({ verb, kind, object }) => (verb === 'create' && kind === 'Pod' && object !== undefined ? [object] : [])),
  );
}

function podText(task: PlannedTask, pod: KubernetesObject, { paint, toYaml }: PlanTextOptions): string {
  const yaml = toYaml(pod).trimEnd().split('\n');
  return [paint('bold', `Pod ${task.namespace}/${pod.metadata.name}`), ...yaml.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
}

function footer({ tasks, source }: Plan, { applyWith }: PlanTextOptions): string {
  const count = (holds: (task: PlannedTask) => boolean): number => tasks.filter(holds).length;
  const blocked = count((task) => task.blocked !== undefined);
  const unended = count((task) => task.blocked === undefined && task.end.at === undefined);
  const ends = new Map<string, number>();
  for (const { end, blocked: isBlocked } of tasks)
    if (end.at !== undefined && isBlocked === undefined) ends.set(end.phase, (ends.get(end.phase) ?? 0) + 1);
  const parts = [
    ...[...ends].sort(([a], [b]) => (a < b ? -1 : 1)).map(([phase, number]) => `${number} ends ${phase}`),
    ...(unended > 0 ? [`${unended} not ended`] : []),
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
  ];
  const objects = verbCounts(tasks);
  const applied = source === 'files' ? `Nothing was sent to a cluster. Apply with: ${applyWith}` : 'Nothing was sent to the cluster.';
  return [`Plan: ${tasks.length} ${tasks.length === 1 ? 'Task' : 'Tasks'} (${parts.join(', ')}); ${objects}.`, applied].join('\n');
}

function verbCounts(tasks: readonly PlannedTask[]): string {
  const verbs = tasks.flatMap(({ steps }) => steps.flatMap(({ actions }) => actions.map(({ verb }) => verb)));
  const count = (verb: PlannedAction['verb']): number => verbs.filter((each) => each === verb).length;
  return `${count('create')} to create, ${count('patch')} to change, ${count('delete')} to delete, ${count('event')} ${count('event') === 1 ? 'Event' : 'Events'}`;
}
