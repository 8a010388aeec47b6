import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Action, Decided } from '#core/contract/decision.ts';
import { AGENT_CONTAINER } from '#core/contract/names.ts';
import { refKey, type Snapshot } from '#core/contract/snapshot.ts';
import type { Cluster, ListOptions, Result } from '#host/cluster/cluster.ts';
import type { Engine, EngineResult } from '#host/engine/engine.ts';
import type { Mutation } from '#host/simulation/mutation.ts';
import type { Scenario } from '#host/simulation/scenario.ts';

/** A known mistake, and the invariant that it has to break. */
export interface Mutant extends Mutation {
  readonly breaks: readonly string[];
  /** Histories that give it a chance, by seed, where those that are drawn hardly ever do. Default: those that are drawn. */
  readonly scenarioOf?: (seed: number) => Scenario;
}

/** An engine whose decisions, once made, are changed. */
export function decidesLike(change: (decided: Decided, snapshot: Snapshot) => Decided): NonNullable<Mutation['engine']> {
  return (engine) => ({ ...engine, decide: (snapshot) => changed(engine.decide(snapshot), (decided) => change(decided, snapshot)) });
}

/** An engine that is shown something else than what is so. */
export function sees(change: (snapshot: Snapshot) => Snapshot): NonNullable<Mutation['engine']> {
  return (engine: Engine) => ({ ...engine, decide: (snapshot) => engine.decide(change(snapshot)) });
}

export function changed(result: EngineResult, change: (decided: Decided) => Decided): EngineResult {
  return result.type === 'Answered' && result.decision.type === 'Decided' ? { ...result, decision: change(result.decision) } : result;
}

/** An engine that ends a Pod whatever it has come to since it was judged. */
export const endsWhatever = decidesLike((decided) => ({
  ...decided,
  actions: decided.actions.map((action) => {
    if ((action.type !== 'Patch' && action.type !== 'Delete') || action.ref.kind !== 'Pod') return action;
    const { resourceVersion: _, ...rest } = action;
    return rest;
  }),
}));

export const isRelease = ({ id }: Action): boolean => id.startsWith('release/');
export const isStatus = (action: Action): boolean => action.type === 'Patch' && action.subresource === 'status';

export function statusOf(action: Action): Readonly<Record<string, unknown>> | undefined {
  return action.type === 'Patch' && action.subresource === 'status'
    ? (action.patch.status as Readonly<Record<string, unknown>>)
    : undefined;
}

/** The question whether a Task is still this host's, by its labels. */
export function isConfirmation({ kind, fieldSelector, labelSelector }: ListOptions): boolean {
  return kind === 'Task' && fieldSelector !== undefined && labelSelector !== undefined;
}

export function anyone({ labelSelector: _, ...options }: ListOptions): ListOptions {
  return options;
}

export function withoutSidecars(pod: Pod): Pod {
  const containerStatuses = (pod.status?.containerStatuses ?? []).filter(({ name }) => name === AGENT_CONTAINER);
  return { ...pod, status: { ...pod.status, containerStatuses } };
}

/** Answers the look at a Pod with what the watch shows. */
export function blindly(engine: Engine, snapshot: Snapshot): EngineResult {
  const result = engine.decide(snapshot);
  if (result.type !== 'Answered' || result.decision.type !== 'Reads') return result;
  const shown = result.decision.refs.flatMap((ref) => {
    const pod = snapshot.pods.find(({ metadata }) => ref.kind === 'Pod' && metadata.name === ref.name);
    return pod === undefined ? [] : [[refKey(ref), { found: pod }] as const];
  });
  if (shown.length === 0) return result;
  return engine.decide({ ...snapshot, read: { ...snapshot.read, ...Object.fromEntries(shown) } });
}

/** An answer that does not say which version was written. */
export function withoutVersion(result: Result<KubernetesObject>): Result<KubernetesObject> {
  if (!result.ok) return result;
  const { resourceVersion: _, ...metadata } = result.value.metadata;
  return { ok: true, value: { ...result.value, metadata } };
}

export function without(cluster: Cluster, replaced: Partial<Cluster>): Cluster {
  return { ...cluster, ...replaced };
}

export function owned(object: KubernetesObject, { subject }: Snapshot): KubernetesObject {
  const owner = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: subject.name, uid: subject.uid, controller: true };
  return { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } };
}
