import type { Pod } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
import type { ClusterError, DeleteOptions } from '../cluster.ts';
import { jsonEqual } from '../json.ts';
import { preconditionFailed } from './errors.ts';
import { KIND_RULES, metaTime, type StoredObject } from './kinds.ts';

/** Finalizers by which the API server asks the garbage collector to work before the object goes. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

/** What a DELETE comes to. */
export type DeletionStep =
  | { readonly type: 'Refused'; readonly error: ClusterError }
  /** It is being deleted already, and nothing about that changes. */
  | { readonly type: 'Unchanged' }
  /** It stays, marked: finalizers or its grace period hold it. */
  | { readonly type: 'Marked'; readonly object: StoredObject }
  /** It goes; `marked` is written before, so that watches see the deletionTimestamp. */
  | { readonly type: 'Removed'; readonly marked?: StoredObject };

/** Decides a DELETE. Source: apiserver pkg/registry/rest/delete.go (BeforeDelete) and pkg/registry/generic/registry/store.go (Delete, markAsDeleting). */
export function planDeletion(object: StoredObject, options: DeleteOptions, nowMs: number): DeletionStep {
  const { kind, metadata } = object;
  if (options.uid !== undefined && options.uid !== metadata.uid) {
    return { type: 'Refused', error: preconditionFailed(kind, metadata.name, 'UID', options.uid, metadata.uid) };
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== metadata.resourceVersion) {
    const error = preconditionFailed(kind, metadata.name, 'ResourceVersion', options.resourceVersion, metadata.resourceVersion);
    return { type: 'Refused', error };
  }
  const grace = KIND_RULES[kind].gracefulDeletion ? graceful(object, options, nowMs) : undefined;
  if (grace?.type === 'Unchanged') return grace;
  const finalizers = finalizersAfter(metadata.finalizers ?? [], options.propagationPolicy);
  const isHeld = finalizers.length > 0;
  if (grace === undefined) {
    if (!isHeld) return { type: 'Removed' };
    return settle(object, withFinalizers(markAsDeleting(object, nowMs), finalizers));
  }
  const marked = withFinalizers(grace.object, finalizers);
  if (isHeld || grace.graceSeconds > 0) return settle(object, marked);
  return { type: 'Removed', marked };
}

type Graceful =
  | { readonly type: 'Unchanged' }
  | { readonly type: 'Graceful'; readonly graceSeconds: number; readonly object: StoredObject };

/** Undefined: no time is given (any more), so only finalizers hold the Pod. */
function graceful(object: StoredObject, options: DeleteOptions, nowMs: number): Graceful | undefined {
  const { metadata } = object;
  const asked = options.gracePeriodSeconds === undefined || options.gracePeriodSeconds >= 0 ? options.gracePeriodSeconds : 1;
  if (metadata.deletionTimestamp !== undefined) {
    const current = metadata.deletionGracePeriodSeconds ?? 0;
    if (current === 0) return undefined;
    if (asked === undefined || asked >= current) return { type: 'Unchanged' };
    const requestedMs = Date.parse(metadata.deletionTimestamp) - current * 1_000;
    const endMs = requestedMs + asked * 1_000;
    // A deadline in the past becomes now; the grace period then is 1 unless none was asked for, so that the kubelet still ends it.
    const isPast = endMs < nowMs;
    const graceSeconds = isPast && asked > 0 ? 1 : asked;
    return { type: 'Graceful', graceSeconds, object: withDeletion(object, isPast ? nowMs : endMs, graceSeconds, metadata.generation) };
  }
  const { spec } = object as StoredObject & Pod;
  const isUnscheduled = spec.nodeName === undefined || spec.nodeName === '';
  const own = spec.terminationGracePeriodSeconds ?? 0;
  const graceSeconds = hasEnded(object) || isUnscheduled ? 0 : (asked ?? (own >= 0 ? own : 1));
  return {
    type: 'Graceful',
    graceSeconds,
    object: withDeletion(object, nowMs + graceSeconds * 1_000, graceSeconds, nextGeneration(object)),
  };
}

function markAsDeleting(object: StoredObject, nowMs: number): StoredObject {
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp === undefined) return withDeletion(object, nowMs, 0, nextGeneration(object));
  return withDeletion(object, Math.min(nowMs, Date.parse(deletionTimestamp)), 0, object.metadata.generation);
}

function withDeletion(object: StoredObject, atMs: number, graceSeconds: number, generation: number | undefined): StoredObject {
  const deletion = { deletionTimestamp: metaTime(atMs), deletionGracePeriodSeconds: graceSeconds };
  return { ...object, metadata: { ...object.metadata, ...(generation === undefined ? {} : { generation }), ...deletion } };
}

function nextGeneration({ metadata: { generation } }: StoredObject): number | undefined {
  return generation === undefined ? undefined : generation + 1;
}

/** The propagation policy, when one is named, replaces what earlier requests asked of the garbage collector. */
function finalizersAfter(finalizers: readonly string[], policy: DeleteOptions['propagationPolicy']): readonly string[] {
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((finalizer) => finalizer !== FOREGROUND_FINALIZER && finalizer !== ORPHAN_FINALIZER);
  if (policy === 'Foreground') return [...others, FOREGROUND_FINALIZER];
  if (policy === 'Orphan') return [...others, ORPHAN_FINALIZER];
  return others;
}

function withFinalizers(object: StoredObject, finalizers: readonly string[]): StoredObject {
  const { finalizers: _, ...metadata } = object.metadata;
  return { ...object, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } };
}

function settle(before: StoredObject, after: StoredObject): DeletionStep {
  return jsonEqual(before, after) ? { type: 'Unchanged' } : { type: 'Marked', object: after };
}
