import type { Agent } from '#core/api/agent.ts';
import type { KubeOpenCodeConfig } from '#core/api/config.ts';
import type { Condition, Pod } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
import { isHeld } from '#core/contract/held.ts';
import { ANNOTATIONS, CONFIG_NAME } from '#core/contract/names.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Outcome } from '#host/cluster/memory/pod-script.ts';
import type { World } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import { timeoutOf } from './ends.ts';
import { covers } from './fleets.ts';
import type { Ledger } from './ledger.ts';
import { faultOfReopening } from './life-attempts.ts';
import { type Block, blockOf, lastNumberIn, patienceOf } from './life-records.ts';
import { isMalformed } from './malformed.ts';
import { isFinished, isHidden, isLive, isOrphaned, type TaskRecord } from './records.ts';
import { NAMESPACES, NODES, type Share } from './scenario.ts';
import type { Scripts } from './scripts.ts';
import type { Violation } from './violation.ts';

export interface LivenessOptions {
  readonly world: World;
  readonly ledger: Ledger;
  readonly scripts: Pick<Scripts, 'of'>;
  readonly shares: readonly Share[];
  /** To ask what it says of a Task. */
  readonly engine: Engine;
}

/** What is not as it has to be once nothing goes wrong any more; empty when all is settled. */
export function unsettled({ world, ledger, scripts, shares, engine }: LivenessOptions): readonly Violation[] {
  const violations: Violation[] = [];
  const isHosts = ({ namespace, latest }: TaskRecord): boolean => shares.some((share) => covers(share, namespace, latest.metadata.labels));
  const tasks = [...ledger.tasks.values()].filter((task) => task.goneMs === undefined && isHosts(task));
  for (const task of tasks) {
    // In the foreground it waits for what it owns.
    if (task.deletingMs !== undefined && task.pods.some((pod) => pod.goneMs === undefined && isHidden(pod.latest))) continue;
    if ((isFinished(task) && !isToReopen(task)) || mayWait(engine, world, ledger, scripts, task)) continue;
    violations.push({ rule: 'every-task-ends', says: `task ${task.namespace}/${task.name} has not ended: ${statusText(task)}` });
  }
  for (const pod of ledger.pods.values()) {
    if (pod.goneMs !== undefined || pod.task === undefined || isHidden(pod.latest)) continue;
    const what = `pod ${pod.name} (${pod.uid.slice(0, 8)}) of task ${pod.task.namespace}/${pod.task.name}`;
    const isRecorded = pod.attempt <= lastNumberIn(pod.task.latest.status);
    const isOver = pod.task.goneMs !== undefined || isFinished(pod.task) || isRecorded;
    if (isOver && isHeld(pod.latest))
      violations.push({ rule: 'no-finalizer-stays', says: `${what}, which is over, still bears our finalizer` });
    if (isOver && isLive(pod) && !isOrphaned(pod))
      violations.push({ rule: 'nothing-runs-on', says: `${what}, which is over, still lives` });
  }
  for (const namespace of NAMESPACES) {
    if (!world.server.namespaces.isTerminating(namespace)) continue;
    const all = [...world.server.store.values('Task'), ...world.server.store.values('Pod')];
    const left = all.filter(({ metadata }) => metadata.namespace === namespace);
    if (left.length > 0 && left.every(isHidden)) continue;
    const names = left.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ') || 'no task or pod';
    violations.push({ rule: 'a-deleted-namespace-goes', says: `namespace ${namespace} is still there, with ${names}` });
  }
  for (const { kind, metadata } of [...world.server.store.values('ConfigMap'), ...world.server.store.values('Pod')]) {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (isHidden({ kind, metadata })) continue;
    if (owner?.kind === 'Task' && ledger.tasks.get(owner.uid)?.goneMs !== undefined)
      violations.push({
        rule: 'nothing-is-left-behind',
        says: `${kind} ${metadata.namespace}/${metadata.name} of a task that is gone is still there`,
      });
  }
  return violations;
}

/** Whether a person has asked for another attempt, and no host has opened it yet. Where a hand has written the status, it can't be told which is the next. */
function isToReopen(task: TaskRecord): boolean {
  const isAsked = task.latest.metadata.annotations?.[ANNOTATIONS.retry] !== undefined;
  return isAsked && !task.isEdited && task.deletingMs === undefined && faultOfReopening(task.latest, task) === null;
}

/** A window of a quota that outlasts every history. */
const LONG_SECONDS = 365 * 86_400;

/** Pods that somebody else has to end. */
const ENDLESS: ReadonlySet<Outcome> = new Set(['never', 'image-pull', 'invalid-image', 'config-error', 'unschedulable']);

/** What will be said to keep them from running. */
const BLOCKS: Partial<Record<Outcome, readonly Block[]>> = {
  'image-pull': ['Image'],
  'invalid-image': ['Image'],
  'config-error': ['Configuration'],
  unschedulable: ['Unschedulable'],
};

/** Whether a Pod is not yet where it stays. Its image may still be being pulled, perhaps not for the first time: what comes of that is to be told. */
function isOnItsWay({ outages }: World, pod: Pod, outcome: Outcome | undefined): boolean {
  if (outages.isOut(pod.spec.nodeName)) return false;
  const blocks = outcome === undefined ? undefined : BLOCKS[outcome];
  const block = blockOf(pod);
  return blocks === undefined ? pod.status?.phase === 'Pending' : !blocks.some((each) => each === block);
}

/** Whether a node takes another Pod: one that waits for that is bound in a moment. */
function hasRoom({ server, outages }: World): boolean {
  const running = [...server.store.values('Pod')].filter((pod) => !hasEnded(pod)) as (StoredObject & Pod)[];
  return NODES.some(({ name, pods }) => !outages.isOut(name) && running.filter(({ spec }) => spec.nodeName === name).length < pods);
}

/** Whether a Task has a reason, in the cluster and visible in its status, not to have ended. */
function mayWait(engine: Engine, world: World, ledger: Ledger, scripts: LivenessOptions['scripts'], task: TaskRecord): boolean {
  const { status, spec, metadata } = task.latest;
  if (task.deletingMs !== undefined) return false;
  const { namespace, name } = task;
  // Who asks for another attempt may take back a stop that nobody has seen.
  const isToStop = metadata.annotations?.[ANNOTATIONS.stop] === 'true';
  const queued = status?.phase === 'Queued' ? conditionOf(task, 'Queued') : undefined;
  const ready = conditionOf(task, 'Ready');
  // Who does not say that it runs looks for no Pod that no watch shows.
  const pod = task.pods.find((one) => isLive(one) && (status?.phase === 'Running' || !isHidden(one.latest)));
  if (pod !== undefined) {
    const outcome = scripts.of(metadata.uid, pod.attempt)?.outcome;
    const isCut = outcome !== 'unschedulable' && pod.latest.spec.activeDeadlineSeconds !== undefined;
    const runsOn = outcome !== undefined && ENDLESS.has(outcome);
    const isStarting = pod.isBound ? isOnItsWay(world, pod.latest, outcome) : outcome !== 'unschedulable' && hasRoom(world);
    // What kept it from running before is over.
    const blocks = [blockOf(pod.latest), ...(outcome === undefined ? [] : (BLOCKS[outcome] ?? []))];
    return (
      runsOn &&
      !isCut &&
      !isStarting &&
      pod.agentEnd === undefined &&
      pod.deletion === undefined &&
      status?.phase === 'Running' &&
      !isToStop &&
      timeoutOf(task, pod) === null &&
      !blocks.some((block) => block !== null && patienceOf(task, pod, block) !== null)
    );
  }
  if (isToStop) return false;
  if (isMalformed(engine, world, task, ready?.reason)) return status?.phase === 'Pending';
  if (spec.suspend === true) return queued?.reason === 'TaskSuspended';
  const agentName = spec.agentRef?.name;
  if (agentName !== undefined && queued !== undefined) {
    const object = world.server.find({ kind: 'Agent', namespace, name: agentName });
    const reason = object === undefined ? undefined : reasonToWait(world, ledger, object as StoredObject & Agent);
    // Only the head of a queue is decided again when the Agent changes; who waits behind it says what it said.
    return reason !== undefined && waitersOf(ledger, `${namespace}/${agentName}`).some((other) => queuedReason(other) === reason);
  }
  const attempt = lastNumberIn(status) + 1;
  const named = world.server.find({ kind: 'Pod', namespace, name: attempt === 1 ? `${name}-pod` : `${name}-pod-${attempt}` });
  if (named === undefined || isGoing(world, named as StoredObject & Pod)) return false;
  return ready?.reason === 'NameConflict' && !isToEnd(world, ledger, scripts, named as StoredObject & Pod);
}

function configIn({ server }: World): KubeOpenCodeConfig | undefined {
  return server.find({ kind: 'KubeOpenCodeConfig', namespace: '', name: CONFIG_NAME }) as KubeOpenCodeConfig | undefined;
}

/** Whether a Pod that its Task's deletion has left behind comes to an end by itself: it may go then, as where another takes its node. */
function isToEnd(world: World, ledger: Ledger, scripts: LivenessOptions['scripts'], pod: StoredObject & Pod): boolean {
  const record = ledger.pods.get(pod.metadata.uid);
  if (record?.task === undefined || !isLive(record) || world.outages.isOut(pod.spec.nodeName)) return false;
  // What runs on beside an agent that has ended is nobody's to end here.
  if (record.agentEnd !== undefined && isOrphaned(record)) return false;
  const outcome = scripts.of(record.task.uid, record.attempt)?.outcome;
  return !(outcome !== undefined && ENDLESS.has(outcome)) && (record.isBound || hasRoom(world));
}

/** Whether a Pod is being deleted, nobody holds it, and its node is there to end it: what waits for that goes on. */
function isGoing({ outages }: World, { metadata, spec }: StoredObject & Pod): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0 && !outages.isOut(spec.nodeName);
}

/** Why nothing of an Agent starts now, as its queue has to say; undefined: nothing keeps it. */
function reasonToWait(world: World, ledger: Ledger, agent: StoredObject & Agent): string | undefined {
  const { metadata, spec, status } = agent;
  if (spec.suspend === true) return 'AgentSuspended';
  if ((spec.execution ?? configIn(world)?.spec?.execution) === 'Attach' && status?.ready !== true) return 'AgentServerNotReady';
  // Nonsense that is a number: nothing ever starts.
  if (spec.quota?.maxTaskStarts !== undefined && spec.quota.maxTaskStarts < 1) return 'QuotaExceeded';
  if (isUsedUpForLong(ledger, agent)) return 'QuotaExceeded';
  return isFull(ledger, `${metadata.namespace}/${metadata.name}`) ? 'AgentAtCapacity' : undefined;
}

/** Whether an Agent's quota gives no start as long as anybody looks on: its window may be longer than the history. */
function isUsedUpForLong({ nowMs }: Ledger, { spec, status }: Pick<Agent, 'spec' | 'status'>): boolean {
  const { maxTaskStarts, windowSeconds } = spec.quota ?? {};
  if (typeof maxTaskStarts !== 'number' || typeof windowSeconds !== 'number' || windowSeconds < LONG_SECONDS) return false;
  const counted = (status?.taskStartHistory ?? []).filter(({ startTime }) => Date.parse(startTime) > nowMs - windowSeconds * 1_000);
  return counted.length >= maxTaskStarts;
}

function waitersOf(ledger: Ledger, agent: string): readonly TaskRecord[] {
  const isWaiter = ({ goneMs, namespace, latest }: TaskRecord): boolean =>
    goneMs === undefined && latest.status?.phase === 'Queued' && `${namespace}/${latest.spec.agentRef?.name}` === agent;
  return [...ledger.tasks.values()].filter(isWaiter);
}

function queuedReason(task: TaskRecord): string | undefined {
  return conditionOf(task, 'Queued')?.reason;
}

/** Whatever a hand may have written there. */
function conditionOf({ latest }: TaskRecord, wanted: string): Condition | undefined {
  const stored: unknown = latest.status?.conditions;
  return Array.isArray(stored) ? (stored as readonly Condition[]).find(({ type }) => type === wanted) : undefined;
}

function isFull(ledger: Ledger, agent: string): boolean {
  const most = ledger.limits.of(agent).at(-1)?.maxConcurrentTasks ?? Number.POSITIVE_INFINITY;
  const holders = [...ledger.pods.values()].filter((pod) => pod.agent === agent && isLive(pod) && pod.task?.goneMs === undefined);
  return holders.length >= most;
}

function statusText({ latest, pods }: TaskRecord): string {
  const { phase, cause, message, conditions, podName } = latest.status ?? {};
  const said = (Array.isArray(conditions) ? conditions : []).map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(' ');
  const podText = pods.map((pod) => `${pod.name} ${pod.goneMs === undefined ? (pod.latest.status?.phase ?? '') : 'gone'}`).join(', ');
  return `${phase ?? 'no phase'}${cause === undefined ? '' : `/${cause}`} ${said}, pod ${podName ?? 'none'} [${podText}]${message === undefined ? '' : `: ${message}`}`;
}
