import type { KubeOpenCodeConfig } from '#core/api/config.ts';
import type { ConfigMap, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS, POD_FINALIZER } from '#core/contract/names.ts';
import { jsonEqual } from '#host/cluster/json.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { AgentLimits } from './agent-limits.ts';
import { isTimedOut } from './ends.ts';
import { blockOf, givenUpFor, hasAgentStarted, mayHaveRun, meantIn, newAttempt } from './life-records.ts';
import {
  agentEndOf,
  endOf,
  hasFinished,
  isFinished,
  isHost,
  isLive,
  newPodRecord,
  newTaskRecord,
  type PodRecord,
  type TaskRecord,
} from './records.ts';
import { type Fields, SHARE_LABEL } from './scenario.ts';
import { Writers } from './writers.ts';

export interface LedgerOptions {
  readonly world: World;
  readonly isCalm: boolean;
  /** Agent that a host has just built a Pod of this Task (by UID) for; undefined: none. */
  agentOf(client: string, taskUid: string): string | undefined;
}

/** What really happens in the cluster, written down as it happens; the invariants are judged by it and by nothing that a host believes. */
export class Ledger {
  readonly tasks = new Map<string, TaskRecord>();
  readonly pods = new Map<string, PodRecord>();
  readonly limits: AgentLimits;
  readonly writers: Writers;
  /** Every configuration of the cluster that there was, oldest first, and since when, milliseconds since the epoch. */
  readonly configs: { readonly spec: KubeOpenCodeConfig['spec']; readonly sinceMs: number }[] = [];
  /** Whether nothing goes wrong in this history but what is done to hosts and objects. */
  readonly isCalm: boolean;
  /** Whether all of them have Pods held and logs kept. */
  isEvidenceKept = true;
  /** Whether the configuration has ever limited how many finished Tasks are kept. */
  isRetentionLimited = false;
  readonly #world: World;
  readonly #agentOf: LedgerOptions['agentOf'];

  constructor({ world, isCalm, agentOf }: LedgerOptions) {
    this.#world = world;
    this.isCalm = isCalm;
    this.#agentOf = agentOf;
    this.limits = new AgentLimits(world);
    this.writers = new Writers(world);
  }

  get nowMs(): number {
    return this.#world.clock.now();
  }

  taskNamed(namespace: string, name: string): TaskRecord | undefined {
    const object = this.#world.server.find({ kind: 'Task', namespace, name });
    return object === undefined ? undefined : this.tasks.get(object.metadata.uid);
  }

  configMapNamed(namespace: string, name: string): ConfigMap | undefined {
    return this.#world.server.find({ kind: 'ConfigMap', namespace, name }) as ConfigMap | undefined;
  }

  /** Takes in a change; to be called before it is judged. */
  enter(change: Change): void {
    switch (change.object.kind) {
      case 'Task':
        this.#enterTask(change);
        break;
      case 'Pod':
        this.#enterPod(change);
        break;
      case 'Agent':
      case 'AgentTemplate':
        this.limits.enter(change);
        break;
      case 'Event':
        this.#enterEvent(change);
        break;
      case 'KubeOpenCodeConfig':
        this.#enterConfig(change.object as StoredObject & KubeOpenCodeConfig);
        break;
    }
  }

  #enterConfig({ spec }: StoredObject & KubeOpenCodeConfig): void {
    const { evidence, logTailBytes } = spec ?? {};
    this.isEvidenceKept &&= (evidence ?? 'Finalizer') === 'Finalizer' && (logTailBytes === undefined || logTailBytes > 0);
    this.configs.push({ spec: spec ?? {}, sinceMs: this.nowMs });
    const kept = ['', 'Completed', 'Failed', 'Stopped'].map(
      (outcome) => (spec?.cleanup as Fields | undefined)?.[`maxRetained${outcome}Tasks`],
    );
    this.isRetentionLimited ||= kept.some((count) => count !== undefined);
  }

  #enterTask(change: Change): void {
    const { type, object, previous } = change;
    const task = object as StoredObject & Task;
    const { uid, deletionTimestamp, annotations } = task.metadata;
    const record = this.tasks.get(uid) ?? newTaskRecord(task, this.nowMs);
    this.tasks.set(uid, record);
    record.latest = task;
    const labelOf = (stored: StoredObject): string | undefined => stored.metadata.labels?.[SHARE_LABEL];
    if (previous !== undefined && labelOf(previous) !== labelOf(object)) record.movedMs = this.nowMs;
    // Whoever writes the spec of an object with a schema stores a copy of its status.
    const hasOther = previous !== undefined && previous.status !== object.status && !jsonEqual(previous.status, object.status);
    if (hasOther && !isHost(this.writers.of(change))) record.isEdited = true;
    // What was asked of an attempt that is over is not asked of the next.
    if (previous !== undefined && hasFinished(previous) && !isFinished(record)) record.stopAskedMs = undefined;
    if (isFinished(record) && (previous === undefined || !hasFinished(previous)))
      record.ended = { by: this.writers.of(change), atMs: this.nowMs };
    if (annotations?.[ANNOTATIONS.stop] === 'true') record.stopAskedMs ??= this.nowMs;
    const { retry, cleanup } = task.spec;
    if (!record.retries.some((known) => jsonEqual(known, retry))) record.retries.push(retry);
    if (!record.cleanups.some((known) => jsonEqual(known, cleanup))) record.cleanups.push(cleanup);
    const added = newAttempt(previous?.status, task.status);
    if (added !== undefined) {
      const pod = this.pods.get(added.podUID ?? '');
      const hadStarted = pod === undefined || pod.hasAgentStarted || mayHaveRun(pod.latest);
      const wasEndedByUs = pod?.endedByUsMs !== undefined;
      record.recorded.set(added.number, { attempt: added, hadStarted, wasEndedByUs, by: this.writers.of(change), atMs: this.nowMs });
    }
    if (meantIn(task.status) !== meantIn(previous?.status)) this.#enterMeaning(record);
    if (deletionTimestamp !== undefined) record.deletingMs ??= this.nowMs;
    if (type === 'DELETED') record.goneMs = this.nowMs;
  }

  /** A host has written what it ends the Pod for: whether that is so, by what is wished at this moment, is not judged again by what is wished later. */
  #enterMeaning(task: TaskRecord): void {
    const meant = meantIn(task.latest.status);
    if (meant === undefined) return;
    for (const pod of task.pods) {
      if (!isLive(pod)) continue;
      const isRight = meant === 'Timeout' ? isTimedOut(this, task, pod) : givenUpFor(task, pod, this.nowMs).includes(meant);
      if (isRight && !pod.meantFor.has(meant)) pod.meantFor.set(meant, this.nowMs);
    }
  }

  /** A Pod that comes late, in the place of one of its attempt of which that is written still: what a host ends the attempt for, it ends it for, whichever Pod it finds. */
  #inheritMeaning(task: TaskRecord, pod: PodRecord): void {
    const meant = meantIn(task.latest.status);
    const isMeant = task.pods.some(({ attempt, meantFor }) => attempt === pod.attempt && meant !== undefined && meantFor.has(meant));
    if (meant !== undefined && isMeant) pod.meantFor.set(meant, this.nowMs);
  }

  #enterPod(change: Change): void {
    const pod = change.object as StoredObject & Pod;
    const { uid } = pod.metadata;
    const record = this.pods.get(uid) ?? this.#newPod(change, pod);
    record.latest = pod;
    const { deletionTimestamp, annotations, finalizers } = pod.metadata;
    const isMarkedNow = deletionTimestamp !== undefined && change.previous?.metadata.deletionTimestamp === undefined;
    if (isMarkedNow || change.type === 'DELETED') record.deletion ??= { atMs: this.nowMs, by: this.writers.of(change) };
    if (isMarkedNow && isHost(this.writers.of(change))) record.endedByUsMs ??= this.nowMs;
    if (annotations?.[ANNOTATIONS.endedFor] !== undefined) record.endedByUsMs ??= this.nowMs;
    record.isDisrupted ||= pod.status?.conditions?.some(({ type }) => type === 'DisruptionTarget') === true;
    if (!isHost(this.writers.of(change)) && finalizers?.includes(POD_FINALIZER) !== true) {
      // Taken by somebody: from now on it can go unseen.
      record.hadFinalizer &&= change.previous?.metadata.finalizers?.includes(POD_FINALIZER) !== true || change.type === 'DELETED';
    } else if (!isHost(this.writers.of(change)) && change.type === 'DELETED') record.hadFinalizer = false;
    record.hasForeignDeadline ||= pod.spec.activeDeadlineSeconds !== undefined && annotations?.[ANNOTATIONS.endedFor] === undefined;
    record.agentEnd ??= agentEndOf(pod, this.nowMs);
    record.isBound ||= pod.spec.nodeName !== undefined;
    record.hasAgentStarted ||= hasAgentStarted(pod);
    const block = blockOf(pod);
    if (block !== null) record.blockedBy.add(block);
    record.wasOnLostNode ||= this.#world.outages.isOut(pod.spec.nodeName);
    record.end ??= endOf(pod, this.nowMs);
    if (change.type === 'DELETED') record.goneMs = this.nowMs;
  }

  #newPod(change: Change, pod: StoredObject & Pod): PodRecord {
    const { uid, namespace = '', ownerReferences } = pod.metadata;
    const owner = ownerReferences?.find(({ controller, kind }) => controller === true && kind === 'Task');
    const task = owner === undefined ? undefined : this.tasks.get(owner.uid);
    const createdBy = this.writers.of(change);
    const agentName = task === undefined ? undefined : this.#agentOf(createdBy, task.uid);
    const agent = agentName === undefined ? undefined : `${namespace}/${agentName}`;
    const record = newPodRecord(pod, { createdMs: this.nowMs, createdBy, agent, task });
    this.pods.set(uid, record);
    if (task !== undefined) this.#inheritMeaning(task, record);
    task?.pods.push(record);
    return record;
  }

  #enterEvent({ type, object }: Change): void {
    const { regarding } = object as StoredObject & { readonly regarding?: { readonly uid?: string } };
    if (type === 'ADDED') this.tasks.get(regarding?.uid ?? '')?.events.add(object.metadata.name);
  }

  /** A node is lost: what runs there may be lost too. */
  nodeLost(node: string): void {
    for (const pod of this.pods.values()) if (pod.goneMs === undefined && pod.latest.spec.nodeName === node) pod.wasOnLostNode = true;
  }
}
