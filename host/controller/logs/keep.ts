import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Effect, KeptLog } from '#core/contract/decision.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import type { Clock } from '../../clock.ts';
import type { Address, Cluster, ClusterError, Result } from '../../cluster/cluster.ts';
import { persist } from './patience.ts';
import type { Tail } from './tail-text.ts';

export type LogTail = Extract<Effect, { kind: 'LogTail' }>;

export interface Keeper {
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'patch'>;
  readonly clock: Clock;
}

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Somebody may create and delete the object all the time; not for ever. */
const MAX_TRIES = 5;

/**
 * Writes the end of a log into its ConfigMap. One that is there already is ours by its controller's UID; it is changed only for a longer text, since a log
 * that is read again (by the next leader, say) may have lost its beginning meanwhile.
 */
export async function keep(keeper: Keeper, effect: LogTail, tail: Tail, signal: AbortSignal): Promise<Result<KeptLog>> {
  for (let tries = 1; ; tries++) {
    const result = await keepOnce(keeper, effect, tail, signal);
    // It went, or was replaced, between two of the calls: a patch whose UID does not fit is a conflict, or invalid.
    const isBehind = !result.ok && isRefusal(result.error, 'NotFound', 'Conflict', 'Invalid');
    if (!isBehind || tries === MAX_TRIES) return result;
  }
}

async function keepOnce({ cluster, clock }: Keeper, effect: LogTail, tail: Tail, signal: AbortSignal): Promise<Result<KeptLog>> {
  const kept = keptLog(tail.text, tail.truncated);
  const created = await persist(clock, signal, () => cluster.create(filled(effect, tail), { answer: 'Metadata' }, signal));
  if (created.ok) return { ok: true, value: kept };
  if (!isRefusal(created.error, 'AlreadyExists')) return created;
  const address = addressOf(effect);
  const found = await persist(clock, signal, () => cluster.get(address, signal));
  if (!found.ok) return found;
  const before = ownLog(found.value, effect);
  if (before === null) return { ok: false, error: notOurs(found.value, effect) };
  if (before.text !== undefined && before.kept.bytes >= kept.bytes) return { ok: true, value: before.kept };
  const metadata = { uid: found.value.metadata.uid, annotations: { [ANNOTATIONS.logTruncated]: tail.truncated ? 'true' : null } };
  const patch = { metadata, data: { [effect.container]: tail.text } };
  const patched = await persist(clock, signal, () => cluster.patch(address, patch, { patchType: 'merge', answer: 'Metadata' }, signal));
  return patched.ok ? { ok: true, value: kept } : patched;
}

/** What an earlier try has kept, by this host or the one that led before it; null when that is nothing. */
export async function keptBefore({ cluster, clock }: Keeper, effect: LogTail, signal: AbortSignal): Promise<KeptLog | null> {
  const found = await persist(clock, signal, () => cluster.get(addressOf(effect), signal));
  const own = found.ok ? ownLog(found.value, effect) : null;
  return own?.text === undefined ? null : own.kept;
}

function keptLog(text: string, truncated: boolean): KeptLog {
  return { bytes: Buffer.byteLength(text), truncated };
}

function addressOf({ configMap: { metadata } }: LogTail): Address {
  return { kind: 'ConfigMap', namespace: metadata.namespace ?? '', name: metadata.name };
}

function filled({ configMap, container }: LogTail, { text, truncated }: Tail): LogTail['configMap'] & ConfigMap {
  const { metadata } = configMap;
  const annotations = { ...metadata.annotations, ...(truncated ? { [ANNOTATIONS.logTruncated]: 'true' } : {}) };
  return { ...configMap, metadata: { ...metadata, annotations }, data: { [container]: text } };
}

/** The log in a ConfigMap that has the same controller as the wanted one; null for somebody else's. */
function ownLog(found: ConfigMap, effect: LogTail): { readonly text: string | undefined; readonly kept: KeptLog } | null {
  const uid = controllerUid(effect.configMap);
  if (uid === undefined || controllerUid(found) !== uid) return null;
  const text = found.data?.[effect.container];
  return { text, kept: keptLog(text ?? '', found.metadata.annotations?.[ANNOTATIONS.logTruncated] === 'true') };
}

function controllerUid({ metadata }: KubernetesObject): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
}

function notOurs(found: KubernetesObject, effect: LogTail): ClusterError {
  const { name } = effect.configMap.metadata;
  const owner = controllerUid(found) ?? 'nobody';
  const message = `keep the log of pod ${effect.pod.name}: config map ${name} is there and not this task's (its controller is ${owner}); delete it, or keep it and lose this log`;
  return { type: 'Refused', code: 409, reason: 'AlreadyExists', message };
}

function isRefusal(error: ClusterError, ...reasons: readonly string[]): boolean {
  return error.type === 'Refused' && reasons.includes(error.reason);
}
