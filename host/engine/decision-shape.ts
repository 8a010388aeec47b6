import type { Action, Decision } from '#core/contract/decision.ts';
import { RESOURCES } from '#core/contract/kinds.ts';

/** A decision, or what makes the text none. */
export type ParsedDecision =
  | { readonly type: 'Decision'; readonly decision: Decision }
  | { readonly type: 'Nonsense'; readonly message: string };

/**
 * Reads the core's answer. Checks what the host relies on before it acts (types, ids, the kinds of objects); what is inside an object or a patch is
 * the API server's to judge.
 */
export function parseDecision(bytes: Uint8Array): ParsedDecision {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return nonsense(`is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const fault = decisionFault(value);
  return fault === null ? { type: 'Decision', decision: value as Decision } : nonsense(fault);
}

function nonsense(fault: string): ParsedDecision {
  return { type: 'Nonsense', message: `the core's answer ${fault}` };
}

type Fields = Readonly<Record<string, unknown>>;

/** The first thing that is wrong, as the end of a sentence about the answer; null when nothing is. */
function decisionFault(value: unknown): string | null {
  if (!isObject(value)) return 'is no object';
  switch (value.type) {
    case 'Reads':
      return listFault(value, 'refs', refFault) ?? (isEmpty(value.refs) ? 'asks for reads and names none' : null);
    case 'Unusable':
      return typeof value.contract === 'number' && typeof value.message === 'string' ? null : 'has no contract or message';
    case 'Decided':
      return (
        listFault(value, 'actions', actionFault) ??
        repeatedId(value.actions) ??
        listFault(value, 'dependsOn', refFault) ??
        listFault(value, 'reasons', (reason) => (hasStrings(reason, 'rule', 'says') ? null : 'has no rule or text')) ??
        wakeAtFault(value.wakeAt) ??
        (value.queue === undefined ? null : queueFault(value.queue))
      );
    default:
      return `has the type ${quote(value.type)} instead of Reads, Decided or Unusable`;
  }
}

function actionFault(action: Fields): string | null {
  if (!hasStrings(action, 'id')) return 'has no id';
  const type = action.type as Action['type'];
  switch (type) {
    case 'Create':
      return isObject(action.object) ? kindFault(action.object.kind) : 'has no object';
    case 'Patch':
      if (!isObject(action.patch)) return 'has no patch';
      if (action.patchType !== 'merge' && action.patchType !== 'strategic') return `has the patch type ${quote(action.patchType)}`;
      return targetFault(action.ref, action.uid);
    case 'Delete':
      return targetFault(action.ref, action.uid);
    case 'Event':
      if (!hasStrings(action, 'name', 'eventType', 'reason', 'action', 'note')) return 'lacks a text of an Event';
      return isObject(action.regarding) ? targetFault(action.regarding, action.regarding.uid) : 'regards nothing';
    case 'Effect':
      if (action.kind === 'LogTail') return logTailFault(action);
      if (action.kind === 'SessionSummary' || action.kind === 'SessionAbort')
        return hasStrings(action, 'url', 'title') ? null : 'has no url or title';
      return `is an Effect of the unknown kind ${quote(action.kind)}`;
    case 'RecordStart':
      return isObject(action.agent) && hasStrings(action.agent, 'namespace', 'name', 'uid') && isObject(action.record)
        ? null
        : 'names no Agent or no start';
    default:
      return unknownType(type);
  }
}

/** The host holds as much of a log as is asked for, and a ConfigMap takes no more than 1 MiB. */
const MOST_LOG_BYTES = 524_288;

function logTailFault({ pod, container, limitBytes, followSeconds, configMap }: Fields): string | null {
  if (!isObject(pod)) return 'names no Pod';
  if (typeof container !== 'string' || container === '') return 'names no container';
  if (!isWithin(limitBytes, 1, MOST_LOG_BYTES)) return `has the limitBytes ${quote(limitBytes)} instead of 1 to ${MOST_LOG_BYTES}`;
  if (!isWithin(followSeconds, 0, Number.MAX_SAFE_INTEGER)) return `has the followSeconds ${quote(followSeconds)}`;
  if (!isObject(configMap) || configMap.kind !== 'ConfigMap' || !isObject(configMap.metadata))
    return 'names no ConfigMap to keep the log in';
  return targetFault(pod, pod.uid);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function unknownType(type: never): string {
  return `has the unknown type ${quote(type)}`;
}

function targetFault(ref: unknown, uid: unknown): string | null {
  if (!isObject(ref)) return 'addresses no object';
  if (typeof uid !== 'string' || uid === '') return 'has no uid';
  return refFault(ref);
}

function refFault(ref: Fields): string | null {
  return hasStrings(ref, 'namespace', 'name') ? kindFault(ref.kind) : 'has no namespace or name';
}

function kindFault(kind: unknown): string | null {
  return typeof kind === 'string' && Object.hasOwn(RESOURCES, kind) ? null : `has the unknown kind ${quote(kind)}`;
}

function queueFault(queue: unknown): string | null {
  if (!isObject(queue) || !hasStrings(queue, 'key')) return 'has a queue place without a key';
  if (queue.state === 'Holds') return null;
  return queue.state === 'Wants' && hasStrings(queue, 'order')
    ? null
    : `has a queue place in the state ${quote(queue.state)}, or without an order`;
}

function wakeAtFault(wakeAt: unknown): string | null {
  if (wakeAt === undefined) return null;
  return typeof wakeAt === 'string' && !Number.isNaN(Date.parse(wakeAt)) ? null : `has the wakeAt ${quote(wakeAt)}, which is no time`;
}

/** Outcomes come back by id, so two actions must not share one. */
function repeatedId(actions: unknown): string | null {
  const seen = new Set<unknown>();
  for (const { id } of actions as readonly Action[]) {
    if (seen.has(id)) return `has two actions with the id ${quote(id)}`;
    seen.add(id);
  }
  return null;
}

function listFault(fields: Fields, name: string, fault: (item: Fields) => string | null): string | null {
  const list = fields[name];
  if (!Array.isArray(list)) return `has no list ${name}`;
  for (const [index, item] of list.entries()) {
    const wrong = isObject(item) ? fault(item) : 'is no object';
    if (wrong !== null) return `is wrong at ${name}[${index}], which ${wrong}`;
  }
  return null;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0;
}

function hasStrings(fields: Fields, ...names: readonly string[]): boolean {
  return names.every((name) => typeof fields[name] === 'string');
}

function quote(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'undefined';
}
