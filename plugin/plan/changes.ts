import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Change } from '../contract/plan.ts';

/** Written by the API server alone, with every change. */
const COUNTERS = ['resourceVersion', 'generation', 'managedFields'];
/** Fields that tell the items of a list apart, the first that every item bears. */
const ITEM_KEYS = ['type', 'name', 'number'] as const;

/** What of an object is different, field by field, in the order of its fields; conditions whole by type, plain lists by item. */
export function changesBetween(before: KubernetesObject, after: KubernetesObject): readonly Change[] {
  return mapChanges('', withoutCounters(before), withoutCounters(after));
}

function withoutCounters(object: KubernetesObject): Readonly<Record<string, unknown>> {
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([key]) => !COUNTERS.includes(key)));
  return { ...object, metadata };
}

function changesOf(path: string, from: unknown, to: unknown): readonly Change[] {
  if (from === to || JSON.stringify(from) === JSON.stringify(to)) return [];
  if (isMap(from) && isMap(to)) return mapChanges(path, from, to);
  if (from === undefined && isMap(to) && Object.keys(to).length > 0) return mapChanges(path, {}, to);
  if (isMap(from) && to === undefined && Object.keys(from).length > 0) return mapChanges(path, from, {});
  if (isListOrNone(from) && isListOrNone(to)) return listChanges(path, from ?? [], to ?? []);
  return [change(path, from, to)];
}

function mapChanges(path: string, from: Readonly<Record<string, unknown>>, to: Readonly<Record<string, unknown>>): readonly Change[] {
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  // A label may be named as something that every object of this language has.
  const own = (map: Readonly<Record<string, unknown>>, key: string): unknown => (Object.hasOwn(map, key) ? map[key] : undefined);
  return [...keys].flatMap((key) => changesOf(below(path, key), own(from, key), own(to, key)));
}

function listChanges(path: string, from: readonly unknown[], to: readonly unknown[]): readonly Change[] {
  const key = ITEM_KEYS.find((candidate) => [from, to].every((items) => isKeyedBy(items, candidate)));
  return key === undefined ? setChanges(path, from, to) : keyedChanges(path, key, from, to);
}

function keyedChanges(path: string, key: (typeof ITEM_KEYS)[number], from: readonly unknown[], to: readonly unknown[]): readonly Change[] {
  const [before, after] = [from, to].map((items) => new Map(items.map((item) => [isMap(item) ? item[key] : undefined, item])));
  const names = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...names].flatMap((name) => {
    const [itemPath, was, is] = [`${path}[${key}=${String(name)}]`, before?.get(name), after?.get(name)];
    // A condition is read as a whole: its status means nothing without its reason.
    const isWhole = was === undefined || is === undefined || key === 'type';
    if (!isWhole) return changesOf(itemPath, was, is);
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [change(itemPath, was, is)];
  });
}

/** Items without a name of their own: which came and which went, wherever they stand. */
function setChanges(path: string, from: readonly unknown[], to: readonly unknown[]): readonly Change[] {
  const [before, after] = [from, to].map((items) => new Set(items.map((item) => JSON.stringify(item))));
  const changes = [
    ...from.filter((item) => after?.has(JSON.stringify(item)) !== true).map((item) => change(path, item, undefined)),
    ...to.filter((item) => before?.has(JSON.stringify(item)) !== true).map((item) => change(path, undefined, item)),
  ];
  // Only their order, or how often one is there.
  return changes.length === 0 ? [change(path, from, to)] : changes;
}

function change(path: string, from: unknown, to: unknown): Change {
  if (from === undefined) return { path, op: 'add', to };
  return to === undefined ? { path, op: 'remove', from } : { path, op: 'replace', from, to };
}

function below(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function isKeyedBy(items: readonly unknown[], key: string): boolean {
  const keys = items.map((item) => (isMap(item) ? item[key] : undefined));
  return keys.every((value) => typeof value === 'string' || typeof value === 'number') && new Set(keys).size === keys.length;
}

function isListOrNone(value: unknown): value is readonly unknown[] | undefined {
  return value === undefined || Array.isArray(value);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
