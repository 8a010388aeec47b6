import type { Agent } from '#core/api/agent.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { timeoutOf } from './ends.ts';
import type { Violation } from './invariants.ts';
import { isFinished, isLive, type Ledger, type TaskRecord } from './ledger.ts';

export interface LivenessOptions {
  readonly world: World;
  readonly ledger: Ledger;
  readonly scripts: ReadonlyMap<string, Partial<PodScript>>;
}

/** What is not as it has to be once nothing goes wrong any more; empty when all is settled. */
export function unsettled({ world, ledger, scripts }: LivenessOptions): readonly Violation[] {
  const violations: Violation[] = [];
  const tasks = [...ledger.tasks.values()].filter(({ goneMs }) => goneMs === undefined);
  for (const task of tasks) {
    if (isFinished(task) || mayWait(world, ledger, scripts, task)) continue;
    violations.push({ rule: 'every-task-ends', says: `task ${task.namespace}/${task.name} has not ended: ${statusText(task)}` });
  }
  for (const pod of ledger.pods.values()) {
    if (pod.goneMs !== undefined || pod.task === undefined) continue;
    const what = `pod ${pod.name} (${pod.uid.slice(0, 8)}) of task ${pod.task.namespace}/${pod.task.name}`;
    const isOver = pod.task.goneMs !== undefined || isFinished(pod.task);
    if (isOver && pod.latest.metadata.finalizers?.includes(POD_FINALIZER))
      violations.push({ rule: 'no-finalizer-stays', says: `${what}, which is over, still bears our finalizer` });
    const isOrphaned = pod.latest.metadata.ownerReferences === undefined;
    if (isOver && isLive(pod) && !isOrphaned) violations.push({ rule: 'nothing-runs-on', says: `${what}, which is over, still lives` });
  }
  return violations;
}

/** Whether a Task has a reason, in the cluster and visible in its status, not to have ended. */
function mayWait(world: World, ledger: Ledger, scripts: LivenessOptions['scripts'], task: TaskRecord): boolean {
  const { status, spec, metadata } = task.latest;
  if (task.deletingMs !== undefined) return false;
  const { namespace, name } = task;
  const queued = status?.conditions?.find(({ type }) => type === 'Queued' && status?.phase === 'Queued');
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const pod = task.pods.find(isLive);
  if (pod !== undefined) {
    const outcome = scripts.get(metadata.uid)?.outcome;
    const runsOn = outcome === 'never' || outcome === 'image-pull' || outcome === 'unschedulable';
    return (
      runsOn && pod.deletion === undefined && status?.phase === 'Running' && task.stopAskedMs === undefined && timeoutOf(task, pod) === null
    );
  }
  if (task.stopAskedMs !== undefined) return false;
  if (spec.suspend === true) return queued?.reason === 'TaskSuspended';
  const agentName = spec.agentRef?.name;
  if (agentName !== undefined && queued !== undefined) {
    const object = world.server.find({ kind: 'Agent', namespace, name: agentName });
    const reason = object === undefined ? undefined : reasonToWait(ledger, object as StoredObject & Agent);
    // Only the head of a queue is decided again when the Agent changes; who waits behind it says what it said.
    return reason !== undefined && waitersOf(ledger, `${namespace}/${agentName}`).some((other) => queuedReason(other) === reason);
  }
  const named = world.server.find({ kind: 'Pod', namespace, name: `${name}-pod` });
  if (named !== undefined) return ready?.reason === 'NameConflict';
  return false;
}

/** Why nothing of an Agent starts now, as its queue has to say; undefined: nothing keeps it. */
function reasonToWait(ledger: Ledger, { metadata, spec, status }: StoredObject & Agent): string | undefined {
  if (spec.suspend === true) return 'AgentSuspended';
  if (spec.execution === 'Attach' && status?.ready !== true) return 'AgentServerNotReady';
  return isFull(ledger, `${metadata.namespace}/${metadata.name}`) ? 'AgentAtCapacity' : undefined;
}

function waitersOf(ledger: Ledger, agent: string): readonly TaskRecord[] {
  const isWaiter = ({ goneMs, namespace, latest }: TaskRecord): boolean =>
    goneMs === undefined && latest.status?.phase === 'Queued' && `${namespace}/${latest.spec.agentRef?.name}` === agent;
  return [...ledger.tasks.values()].filter(isWaiter);
}

function queuedReason({ latest }: TaskRecord): string | undefined {
  return latest.status?.conditions?.find(({ type }) => type === 'Queued')?.reason;
}

function isFull(ledger: Ledger, agent: string): boolean {
  const most = ledger.limits.get(agent)?.at(-1)?.maxConcurrentTasks ?? Number.POSITIVE_INFINITY;
  const holders = [...ledger.pods.values()].filter((pod) => pod.agent === agent && isLive(pod) && pod.task?.goneMs === undefined);
  return holders.length >= most;
}

function statusText({ latest, pods }: TaskRecord): string {
  const { phase, cause, message, conditions = [], podName } = latest.status ?? {};
  const said = conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(' ');
  const podText = pods.map((pod) => `${pod.name} ${pod.goneMs === undefined ? (pod.latest.status?.phase ?? '') : 'gone'}`).join(', ');
  return `${phase ?? 'no phase'}${cause === undefined ? '' : `/${cause}`} ${said}, pod ${podName ?? 'none'} [${podText}]${message === undefined ? '' : `: ${message}`}`;
}
