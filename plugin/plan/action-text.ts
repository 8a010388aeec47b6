import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { assertNever } from '#core/contract/decision.ts';
import type { PlannedAction } from '../contract/plan.ts';
import type { Paint, Style } from '../io.ts';

export const SYMBOLS = { create: '+', patch: '~', delete: '-', event: '*', effect: '>', record: '>' } as const satisfies Record<
  PlannedAction['verb'],
  string
>;
export const STYLES = {
  create: 'green',
  patch: 'yellow',
  delete: 'red',
  event: 'dim',
  effect: 'dim',
  record: 'dim',
} as const satisfies Record<PlannedAction['verb'], Style>;

/** One line: symbol, object, and what of it people look for. */
export function actionText(action: PlannedAction, paint: Paint): string {
  const symbol = paint(STYLES[action.verb], SYMBOLS[action.verb]);
  const refused = action.refused === undefined ? '' : `  ${paint('red', `! refused: ${action.refused}`)}`;
  const detail = detailOf(action);
  return `${symbol} ${titleOf(action)}${detail === '' ? '' : `  ${paint('dim', detail)}`}${refused}`;
}

/** What an action is about: `Pod fix-pod`, `Task fix (status)`, `Event Queued`. */
export function titleOf({ verb, kind, name, subresource, event, log }: PlannedAction): string {
  switch (verb) {
    case 'create':
    case 'delete':
      return `${kind} ${name}`;
    case 'patch':
      return subresource === undefined ? `${kind} ${name}` : `${kind} ${name} (${subresource})`;
    case 'event':
      return `Event ${event?.reason ?? name}`;
    case 'effect':
      return log === undefined ? `${kind} ${name}` : `keep the end of the log of pod ${name}, container ${log.container}`;
    case 'record':
      return `count the start at Agent ${name}`;
    default:
      return assertNever(verb);
  }
}

function detailOf({ verb, kind, object, patch, event, gracePeriodSeconds, log }: PlannedAction): string {
  if (verb === 'event') return event?.note ?? '';
  if (log !== undefined) return `in ConfigMap ${log.configMapName}`;
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
