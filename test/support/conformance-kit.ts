import { expect } from 'vitest';
import type { KubernetesObject, ObjectMeta, Pod } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Address, Cluster, ClusterError, Result, WatchEvent, WatchOptions } from '#host/cluster/cluster.ts';
import type { ConformanceContext } from './conformance.ts';

export type Fields = Readonly<Record<string, unknown>>;
type Draft = KubernetesObject & { readonly kind: Kind };

/** An object as a test looks at it. */
export interface Seen extends KubernetesObject {
  readonly metadata: ObjectMeta & { readonly uid: string; readonly resourceVersion: string; readonly creationTimestamp: string };
  readonly spec?: Fields;
  readonly status?: Fields;
}

export function task(namespace: string, name: string, metadata: Partial<ObjectMeta> = {}, spec: Fields = {}): Draft {
  const defaults = { templateRef: { name: 'plain' }, description: 'say hello' };
  return {
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Task',
    metadata: { ...metadata, name, namespace },
    spec: { ...defaults, ...spec },
  } as Draft;
}

/** `nodeName` counts as scheduled: the API server then gives a deletion time. */
export function pod(namespace: string, name: string, metadata: Partial<ObjectMeta> = {}, spec: Partial<Pod['spec']> = {}): Draft {
  const containers = [{ name: 'agent', image: 'example.com/agent:1' }];
  const defaults = { restartPolicy: 'Never', automountServiceAccountToken: false, containers };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name, namespace }, spec: { ...defaults, ...spec } } as Draft;
}

export function configMap(namespace: string, name: string, metadata: Partial<ObjectMeta> = {}): Draft {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name, namespace } };
}

export function event(namespace: string, name: string, metadata: Partial<ObjectMeta> = {}): Draft {
  const regarding = { apiVersion: 'v1', kind: 'Pod', namespace, name: 'p' };
  const said = { type: 'Normal', reason: 'Started', action: 'Start', note: 'it runs', regarding };
  const by = { reportingController: 'example.com/tests', reportingInstance: 'one', eventTime: '2026-01-01T00:00:00.000000Z' };
  return { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { ...metadata, name, namespace }, ...said, ...by } as Draft;
}

export function at(kind: Kind, { namespace }: ConformanceContext, name: string): Address {
  return { kind, namespace, name };
}

/** The value of a call that must succeed. */
export async function ok<T>(call: Promise<Result<T>>): Promise<T extends KubernetesObject ? Seen : T> {
  const result = await call;
  if (!result.ok) throw new Error(`expected success, got ${JSON.stringify(result.error)}`);
  return result.value as T extends KubernetesObject ? Seen : T;
}

/** The refusal of a call that must be refused with this code and reason. */
export async function refusal(
  call: Promise<Result<unknown>>,
  code: number,
  reason: string,
): Promise<Extract<ClusterError, { type: 'Refused' }>> {
  const result = await call;
  expect(result.ok ? result.value : result.error).toMatchObject({ type: 'Refused', code, reason });
  if (result.ok || result.error.type !== 'Refused') throw new Error('expected a refusal');
  return result.error;
}

/** Waits until `check` gives something other than undefined or false; at most 20 s of the cluster's time. */
export async function eventually<T>(
  { wait }: ConformanceContext,
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    await wait(50);
  }
  throw new Error(`waiting for ${what}: expected it within 20 s, it did not come`);
}

/** Resolves when the object is gone. */
export async function gone(cluster: Cluster, context: ConformanceContext, address: Address): Promise<void> {
  await eventually(context, `${address.kind} ${address.name} to be gone`, async () => {
    const result = await cluster.get(address);
    return !result.ok && result.error.type === 'Refused' && result.error.code === 404;
  });
}

/** A watch that runs beside a case. */
export interface Watched {
  readonly events: WatchEvent[];
  /** `ADDED a`, `DELETED b`, … of objects only. */
  readonly changes: () => string[];
  readonly hasEnded: () => boolean;
  readonly stop: () => void;
}

export function watching(cluster: Cluster, options: WatchOptions): Watched {
  const events: WatchEvent[] = [];
  const abort = new AbortController();
  let hasEnded = false;
  void (async () => {
    for await (const event of cluster.watch(options, abort.signal)) events.push(event);
    hasEnded = true;
  })();
  return {
    events,
    changes: () => events.flatMap((event) => ('object' in event ? [`${event.type} ${event.object.metadata.name}`] : [])),
    hasEnded: () => hasEnded,
    stop: () => abort.abort(),
  };
}

/** Version of a list made now: where a watch begins. */
export async function versionNow(cluster: Cluster, kind: Kind, namespace: string): Promise<string> {
  return (await ok(cluster.list({ kind, namespace }))).resourceVersion;
}

/** Whole seconds between two timestamps. */
export function secondsBetween(from: string | undefined, to: string | undefined): number {
  return Math.round((Date.parse(to ?? '') - Date.parse(from ?? '')) / 1_000);
}
