import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { type Action, assertNever, type Create, type Delete, type Event, type Patch } from '#core/contract/decision.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';
import { REPORTING_CONTROLLER } from '#core/contract/names.ts';
import type { Snapshot, Subject } from '#core/contract/snapshot.ts';
import { type Clock, timestamp } from '../clock.ts';
import type { Address, Cluster, ClusterError, Result } from '../cluster/cluster.ts';
import { failed, succeeded } from './answers.ts';
import type { Effects } from './effects.ts';
import type { Report } from './outcomes.ts';
import type { PendingWrites } from './pending-writes.ts';
import type { Starts } from './starts.ts';
import { keyOf } from './subject.ts';

/** Longest wait for an Event's answer, once all else is done. */
const EVENT_PATIENCE_MS = 1_000;
/** Of what was written nothing else is needed: the rest comes with the watch. */
const METADATA = { answer: 'Metadata' } as const;

export interface ApplyOptions {
  readonly cluster: Pick<Cluster, 'create' | 'patch' | 'delete'>;
  readonly clock: Clock;
  readonly pending: Pick<PendingWrites, 'written' | 'deleted' | 'doubted'>;
  readonly starts: Pick<Starts, 'record'>;
  readonly effects: Pick<Effects, 'run'>;
  /** `reportingInstance` of our Events: which replica speaks. At most 128 bytes, not empty. */
  readonly identity: string;
  readonly signal: AbortSignal;
  /** Whether the watch has just taken the subject away: its Task is gone, or another host's. */
  hasLeft(subject: Subject): boolean;
  /** Whether more is known by now than a decision stood on: see `isOvertaken` in `facts.ts`. */
  isOvertaken(basis: Basis): boolean;
  /** Called with each outcome as it comes. Effects report later and elsewhere. */
  onReport(subject: Subject, action: Action, report: Report): void;
}

/** Of a snapshot what a decision on it stands on. */
export type Basis = Pick<Snapshot, 'subject' | 'task' | 'pods'>;

/** How far a decision got. */
export type Applied =
  | { readonly type: 'Whole' }
  /** What it stood on has changed: what nothing would have stopped, and what was to follow it, was left out, from this action on. */
  | { readonly type: 'Overtaken'; readonly from: string }
  /** This write was refused, or no answer came; those behind it were not tried. */
  | { readonly type: 'StoppedAt'; readonly report: Report };

/**
 * Carries out a decision's actions in their order, up to the first write that fails, or until the Task is not there any more: what is left of the decision was
 * not meant for that. A write may take half a minute, and what is created is bound to no version: before that, it is looked whether the decision still stands.
 * Events go out beside the writes and Effects run on their own: neither holds anything up.
 */
export async function applyAll(options: ApplyOptions, basis: Basis, actions: readonly Action[]): Promise<Applied> {
  const { subject } = basis;
  const events: Promise<void>[] = [];
  let applied: Applied = { type: 'Whole' };
  let isOver = false;
  const hadLeft = options.hasLeft(subject);
  for (const action of actions) {
    if (!hadLeft && options.hasLeft(subject)) break;
    if (isUnfenced(action) && options.isOvertaken(basis)) {
      applied = { type: 'Overtaken', from: `${action.type} ${action.id}` };
      break;
    }
    if (action.type === 'Effect') {
      options.effects.run(keyOf(subject), action);
      continue;
    }
    if (action.type === 'Event') {
      events.push(
        tell(options, action).then((report) => {
          if (!isOver) options.onReport(subject, action, report);
        }),
      );
      continue;
    }
    const report = await write(options, subject, action);
    options.onReport(subject, action, report);
    if (report.result !== 'ok') {
      applied = { type: 'StoppedAt', report };
      break;
    }
  }
  if (events.length > 0) await orPatience(options.clock, Promise.all(events));
  isOver = true;
  return applied;
}

/** An Event that an API server under load lets wait does not hold up its Task; what becomes of it then, nobody asks. */
function orPatience(clock: Clock, events: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(EVENT_PATIENCE_MS, resolve);
    events.finally(cancel).then(() => resolve(), reject);
  });
}

/** What the API server does whatever has become of the Task since: patches and deletions are bound to what was judged. */
function isUnfenced({ type }: Action): boolean {
  return type === 'Create' || type === 'RecordStart';
}

type Write = Exclude<Action, { type: 'Event' | 'Effect' }>;

function write(options: ApplyOptions, subject: Subject, action: Write): Promise<Report> {
  switch (action.type) {
    case 'Create':
      return create(options, subject, action);
    case 'Patch':
      return patch(options, subject, action);
    case 'Delete':
      return remove(options, subject, action);
    case 'RecordStart':
      return options.starts.record(action);
    default:
      return assertNever(action);
  }
}

async function create(options: ApplyOptions, subject: Subject, action: Create): Promise<Report> {
  const { kind, metadata } = action.object;
  const address: Address = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
  const result = await safely(options.cluster.create(action.object, METADATA, options.signal), action);
  noteResult(options, subject, address, result, []);
  return report(action, result);
}

async function patch(options: ApplyOptions, subject: Subject, action: Patch): Promise<Report> {
  const { ref, uid, resourceVersion, patchType, subresource } = action;
  const { metadata } = action.patch as { readonly metadata?: Readonly<Record<string, unknown>> };
  const bound = { ...action.patch, metadata: { ...metadata, uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
  const patchOptions = { ...METADATA, patchType, ...(subresource === undefined ? {} : { subresource }) };
  const result = await safely(options.cluster.patch(ref, bound, patchOptions, options.signal), action);
  noteResult(options, subject, ref, result, BEHIND);
  return report(action, result);
}

async function remove(options: ApplyOptions, subject: Subject, action: Delete): Promise<Report> {
  const { ref, uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = action;
  const deleteOptions = {
    ...METADATA,
    uid,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
  };
  const result = await safely(options.cluster.delete(ref, deleteOptions, options.signal), action);
  // Nothing of that name, or another UID behind it (when that is the only precondition): the object that was meant is gone.
  const goneCodes = resourceVersion === undefined ? [404, 409] : [404];
  const isGone = (result.ok && result.value === null) || (!result.ok && isRefusal(result.error, goneCodes));
  if (isGone) {
    if (isWatched(ref.kind)) options.pending.deleted(keyOf(subject), ref, uid, options.clock.now());
    return succeeded({ actionId: action.id, of: 'Write' });
  }
  noteResult(options, subject, ref, result, BEHIND);
  return report(action, result);
}

/** An Event that is refused, or is there already under its deterministic name, never matters. */
async function tell(options: ApplyOptions, action: Event): Promise<Report> {
  const { regarding } = action;
  const event: KubernetesObject & { readonly kind: Kind } & Readonly<Record<string, unknown>> = {
    apiVersion: apiVersionOf('Event'),
    kind: 'Event',
    metadata: { name: action.name, namespace: regarding.namespace },
    // MicroTime: the API server takes six digits and nothing else.
    eventTime: timestamp(options.clock.now()).replace('Z', '000Z'),
    reportingController: REPORTING_CONTROLLER,
    reportingInstance: options.identity,
    regarding: { apiVersion: apiVersionOf(regarding.kind), ...regarding },
    type: action.eventType,
    reason: action.reason,
    action: action.action,
    note: action.note,
  };
  const result = await safely(options.cluster.create(event, METADATA, options.signal), action);
  const reporting = { actionId: action.id, of: 'Event' as const };
  const isTold = result.ok || isRefusal(result.error, [409]);
  return isTold ? succeeded(reporting) : failed(reporting, result.error);
}

/** Refusals that show that the object is another than the store has: gone, changed, or replaced under its name. */
const BEHIND: readonly number[] = [404, 409, 422];

/** What the answer says of when the store will be up to date, for what is watched. */
function noteResult(
  options: ApplyOptions,
  subject: Subject,
  address: Address,
  result: Result<KubernetesObject | null>,
  behind: readonly number[],
): void {
  if (!isWatched(address.kind)) return;
  const key = keyOf(subject);
  const nowMs = options.clock.now();
  if (!result.ok) {
    const isUnknown = failed({ actionId: '', of: 'Write' }, result.error).result === 'unknown';
    if (isUnknown || isRefusal(result.error, behind)) options.pending.doubted(key, address, nowMs);
  } else if (result.value !== null && hasGone(result.value)) {
    // The answer bears the version from before: the deletion itself has another, which only the watch tells.
    options.pending.deleted(key, address, result.value.metadata.uid ?? '', nowMs);
  } else if (result.value?.metadata.resourceVersion !== undefined) {
    options.pending.written(key, address, result.value.metadata.resourceVersion, nowMs);
  }
}

/**
 * Whether a write has let go of the last that held an object under deletion: it is gone with that. While a grace period runs it is still there. Source:
 * apiserver pkg/registry/generic/registry/store.go (ShouldDeleteDuringUpdate).
 */
function hasGone({ metadata }: KubernetesObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = metadata;
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizers.length === 0;
}

function report(action: Action, result: Result<KubernetesObject | null>): Report {
  const isPod = action.type === 'Create' && action.object.kind === 'Pod';
  const reporting = { actionId: action.id, of: isPod ? ('Pod' as const) : ('Write' as const) };
  return result.ok ? succeeded(reporting) : failed(reporting, result.error);
}

/** Kinds that decisions write and watches bring back. */
function isWatched(kind: Kind): boolean {
  return kind === 'Task' || kind === 'Pod';
}

function isRefusal(error: ClusterError, codes: readonly number[]): boolean {
  return error.type === 'Refused' && codes.includes(error.code);
}

/** A transport that throws has a bug; the write may have happened all the same. */
async function safely<T>(call: Promise<Result<T>>, action: Action): Promise<Result<T>> {
  try {
    return await call;
  } catch (error) {
    return { ok: false, error: { type: 'Unreachable', message: `${action.type} ${action.id}: ${String(error)}`, cause: error } };
  }
}
