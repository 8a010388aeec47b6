import type { Attempt } from '#core/api/task.ts';
import { ANNOTATIONS, LABELS } from '#core/contract/names.ts';
import { parseDuration } from '#core/units/duration.ts';
import type { Ledger } from './ledger.ts';
import { givenUpFor, lastNumberIn } from './life-records.ts';
import { type AgentEnd, isHost, mayRun, type PodRecord, type TaskRecord } from './records.ts';
import { SETTINGS } from './simulated-host.ts';

/** API times are whole seconds. */
const secondOf = (ms: number): number => Math.floor(ms / 1_000);

/** What a Task may be said to have come to: `Completed`, or `phase/cause`. */
type End = string;

/**
 * Why the end that a Task has just been given is not what really happened; null when it is. By what Pods, people and nodes did, not by what a host saw.
 * `attempt`: what was recorded with it. `isUnknown`: who wrote it could not know of this Pod.
 */
export function faultOfEnd(
  ledger: Ledger,
  task: TaskRecord,
  attempt: Attempt | undefined,
  isUnknown: (pod: PodRecord) => boolean,
): string | null {
  const { status } = task.latest;
  const said: End = status?.cause === undefined ? `${status?.phase}` : `${status?.phase}/${status.cause}`;
  const named = task.pods.filter((pod) => pod.name === status?.podName);
  // Who ends between two attempts still names the Pod of the one before.
  const isBetween = attempt?.podName === undefined && lastNumberIn(status) > 0;
  const latest = named.find(({ goneMs }) => goneMs === undefined) ?? named.at(-1);
  // A leader that was none any more may have put another into its place, when it had gone.
  const recorded = latest !== undefined && isUnknown(latest) ? named.find(({ uid }) => uid === attempt?.podUID) : undefined;
  const pod = isBetween ? undefined : (recorded ?? latest);
  if (pod === undefined) return withoutPod(ledger, task, said, isUnknown);
  // Who leads no more may know no more than that it had made a Pod, and that it is gone.
  if (said === 'Failed/PodDeleted' && pod.goneMs !== undefined && isUnknown(pod)) return null;
  return faultOfPod(ledger, task, pod, said);
}

/** The same for an attempt that has just been recorded. */
export function faultOfAttempt(ledger: Ledger, task: TaskRecord, { podName, podUID, cause, node }: Attempt): string | null {
  const pod = task.pods.findLast(({ uid, name }) => (podUID === undefined ? name === podName : uid === podUID));
  if (pod === undefined) return `there never was a pod ${podName} (${podUID})`;
  if (podUID !== undefined && node !== pod.latest.spec.nodeName) return `it names node ${node}, its pod was on ${pod.latest.spec.nodeName}`;
  const isOurs = cause === 'Stopped' || cause === 'Timeout';
  return faultOfPod(ledger, task, pod, cause === undefined ? 'Completed' : `${isOurs ? 'Completed' : 'Failed'}/${cause}`);
}

function faultOfPod(ledger: Ledger, task: TaskRecord, pod: PodRecord, said: End): string | null {
  const { status } = task.latest;
  const allowed = endsOf(ledger, task, pod);
  if (!allowed.has(said))
    return `its status says ${said}, its pod allows ${[...allowed].join(' or ') || 'no end yet'}: ${factsOf(ledger, pod)}`;
  const told = status?.attempts?.at(-1);
  if (told?.podUID !== undefined && told.podUID !== pod.uid) return `its attempt names pod uid ${told.podUID}, its pod is ${pod.uid}`;
  const exitCode = pod.end?.exitCode ?? pod.agentEnd?.exitCode;
  if (said === 'Failed/Application' && told?.exitCode !== exitCode)
    return `its attempt says exit code ${told?.exitCode}, its pod ended with ${exitCode}`;
  return null;
}

/** A Task that ended before it had a Pod. */
function withoutPod(ledger: Ledger, task: TaskRecord, said: End, isUnknown: (pod: PodRecord) => boolean): string | null {
  const known = task.pods.filter((pod) => !isUnknown(pod));
  const isRecorded = ({ uid }: PodRecord): boolean => [...task.recorded.values()].some(({ attempt }) => attempt.podUID === uid);
  const unrecorded = known.filter((pod) => !isRecorded(pod));
  const live = unrecorded.find((pod) => mayRun(pod) && !isOverdue(ledger, pod));
  if (live !== undefined) return `its status says ${said} and names no pod, and its pod ${live.name} lives`;
  const lost = unrecorded.find(
    (pod) => pod.hadFinalizer && !cameTooLate(task, pod) && pod.latest.metadata.labels?.[LABELS.taskUid] !== undefined,
  );
  if (lost !== undefined) return `its status says ${said} and names no pod, and it had one: ${factsOf(ledger, lost)}`;
  switch (said) {
    case 'Completed/Stopped':
      return task.stopAskedMs === undefined ? 'its status says that it was stopped, and nobody asked for that' : null;
    case 'Failed/Agent':
    case 'Failed/Context':
    case 'Failed/Rejected':
      return null;
    default:
      return `its status says ${said} and names no pod`;
  }
}

/** Whether a Pod that is being deleted is of an attempt whose end was another's: it came too late, and what the Task comes to after that is not its end. */
function cameTooLate({ recorded }: TaskRecord, { attempt, uid, deletion }: PodRecord): boolean {
  const podUID = recorded.get(attempt)?.attempt.podUID;
  return deletion !== undefined && podUID !== undefined && podUID !== uid;
}

function endsOf(ledger: Ledger, task: TaskRecord, pod: PodRecord): ReadonlySet<End> {
  const { end, deletion } = pod;
  // Where somebody's deadline hides what came first, an intent that was written down counts.
  const ours = pod.hasForeignDeadline ? endingsAskedFor(ledger, task, pod) : endingsByUs(ledger, task, pod);
  // Nobody who saw a Pod without finalizer go can tell how it had ended.
  const unseen = pod.hadFinalizer || pod.goneMs === undefined ? [] : ['Failed/PodDeleted', ...endingsAskedFor(ledger, task, pod)];
  const isOutlived = pod.agentEnd !== undefined && (end === undefined || pod.agentEnd.atMs < end.atMs);
  if (isOutlived && pod.agentEnd !== undefined) {
    const agents = endOfAgent(pod.agentEnd);
    const cutMs = Math.min(deletion?.atMs ?? Number.POSITIVE_INFINITY, pod.endedByUsMs ?? Number.POSITIVE_INFINITY);
    const others = [
      ...(pod.wasOnLostNode ? ['Failed/NodeLost'] : []),
      // Its kubelet's last deletion hides when the first was asked for.
      ...(deletion !== undefined && pod.latest.metadata.deletionGracePeriodSeconds === 0 ? cutsOf(pod, ours) : []),
      // A deadline that ends what runs beside an agent that has ended is the Pod's own word.
      ...(pod.hasForeignDeadline && end?.reason === 'DeadlineExceeded' ? ['Failed/Configuration'] : []),
    ];
    if (secondOf(pod.agentEnd.atMs) < secondOf(cutMs)) return new Set([agents, ...others, ...unseen]);
    if (secondOf(pod.agentEnd.atMs) === secondOf(cutMs)) return new Set([agents, ...others, ...unseen, ...cutsOf(pod, ours)]);
  }
  const cut = cutsOf(pod, ours);
  if (end === undefined) return new Set(endsWithoutEnd(pod, cut));
  const byItself = endByItself(pod);
  if (end.reason === 'DeadlineExceeded') {
    // Somebody's deadline proves nothing of when the deletion was asked for.
    const crossed = deletion === undefined ? [] : cut;
    return new Set([...ours, ...crossed, ...(ours.length === 0 || pod.hasForeignDeadline ? ['Failed/Configuration'] : [])]);
  }
  if (pod.wasOnLostNode) return new Set([byItself, ...cut, 'Failed/NodeLost']);
  if (deletion === undefined) return new Set([byItself]);
  const isSameSecond = secondOf(end.atMs) === secondOf(deletion.atMs);
  // What a kubelet has reported before it heard of a deletion bears the older generation: that is exact, if nobody else has raised it.
  if (end.atMs < deletion.atMs && !pod.hasForeignDeadline) return new Set([byItself, ...unseen]);
  if (isSameSecond || end.atMs < deletion.atMs) return new Set([byItself, ...cut, ...unseen]);
  // A kubelet's eviction that crosses a deletion is still the platform's own word.
  return new Set([...cut, ...unseen, ...(byItself === 'Failed/Evicted' ? [byItself] : [])]);
}

/** How a Pod may have come to an end that was not its own. */
function cutsOf({ isDisrupted, deletion }: PodRecord, ours: readonly End[]): readonly End[] {
  return [
    ...ours,
    ...(isDisrupted ? ['Failed/Evicted', 'Failed/Preempted'] : []),
    ...(deletion === undefined || isHost(deletion.by) ? [] : ['Failed/PodDeleted']),
  ];
}

/** Whether a node should have ended a Pod so long ago that it is given up. */
export function isOverdue(ledger: Ledger, { latest, isBound }: PodRecord): boolean {
  const deletesAtMs = Date.parse(latest.metadata.deletionTimestamp ?? '');
  return isBound && ledger.nowMs >= deletesAtMs + SETTINGS.unreachableAfterSeconds * 1_000;
}

function endOfAgent({ exitCode, isOutOfMemory }: AgentEnd): End {
  if (exitCode === 0) return 'Completed';
  return isOutOfMemory ? 'Failed/OutOfMemory' : 'Failed/Application';
}

/** A Pod whose containers have not ended as far as the API server knows. */
function endsWithoutEnd(pod: PodRecord, cut: readonly End[]): readonly End[] {
  if (pod.goneMs !== undefined)
    return pod.hadFinalizer && !pod.wasOnLostNode ? [] : [...cut, 'Failed/PodDeleted', ...(pod.wasOnLostNode ? ['Failed/NodeLost'] : [])];
  if (pod.deletion === undefined) return [];
  if (!pod.isBound) return cut;
  return pod.wasOnLostNode ? ['Failed/NodeLost'] : [];
}

function endByItself({ end }: PodRecord): End {
  if (end?.phase === 'Succeeded') return 'Completed';
  if (end?.reason === 'Evicted' || end?.reason === 'Terminated') return 'Failed/Evicted';
  if (end?.reason?.startsWith('OutOf') === true) return 'Failed/Unschedulable';
  if (end?.isOutOfMemory === true) return 'Failed/OutOfMemory';
  return end?.isOfInit === true ? 'Failed/InitContainer' : 'Failed/Application';
}

/** How it may have ended by us: only if that was asked for, and the host acted on it before the Pod had ended by itself. */
function endingsByUs(ledger: Ledger, task: TaskRecord, pod: PodRecord): readonly End[] {
  const isLate = pod.endedByUsMs !== undefined && pod.endedByUsMs > (pod.end?.atMs ?? ledger.nowMs);
  return isLate ? [] : endingsAskedFor(ledger, task, pod);
}

/** What was asked for before the Pod had ended: afterwards it is too late. */
function endingsAskedFor(ledger: Ledger, task: TaskRecord, pod: PodRecord): readonly End[] {
  const endedMs = pod.end?.atMs ?? ledger.nowMs;
  const meant = [...pod.meantFor].filter(([, atMs]) => atMs <= endedMs).map(([what]) => what);
  return [
    ...(task.stopAskedMs === undefined || task.stopAskedMs > endedMs ? [] : ['Completed/Stopped']),
    ...(isTimedOut(ledger, task, pod, endedMs) || meant.includes('Timeout') ? ['Completed/Timeout'] : []),
    ...[...givenUpFor(task, pod, endedMs), ...meant].filter((what) => what !== 'Timeout').map((block) => `Failed/${block}`),
  ];
}

/** Whether its timeout has passed at a time (default: now). That of the first attempt counts from its first Pod, whatever has come into the place of that one. */
export function isTimedOut(ledger: Ledger, task: TaskRecord, pod: PodRecord, atMs = ledger.nowMs): boolean {
  const timeoutMs = timeoutOf(task, pod);
  const first = pod.attempt === 1 ? task.pods.find(({ attempt }) => attempt === 1) : undefined;
  return timeoutMs !== null && (first ?? pod).createdMs - 1_000 + timeoutMs <= atMs;
}

/** The timeout that holds for a Task, in milliseconds; null: none, or none that can be read. */
export function timeoutOf(task: TaskRecord, pod: PodRecord): number | null {
  const startedWith = pod.latest.metadata.annotations?.[ANNOTATIONS.startedWith];
  const inherited = startedWith === undefined ? undefined : (JSON.parse(startedWith) as { timeout?: string }).timeout;
  for (const text of [task.latest.spec.timeout, inherited]) {
    const parsed = parseDuration(text);
    if (parsed.ok) return parsed.ms;
  }
  return null;
}

function factsOf(
  ledger: Ledger,
  { name, end, agentEnd, deletion, goneMs, createdMs, endedByUsMs, wasOnLostNode, isDisrupted, hadFinalizer }: PodRecord,
): string {
  const since = (ms: number | undefined): string => (ms === undefined ? 'never' : `${((ms - ledger.nowMs) / 1_000).toFixed(3)} s`);
  return JSON.stringify({
    pod: name,
    created: since(createdMs),
    agentEnded: since(agentEnd?.atMs),
    ended: since(end?.atMs),
    phase: end?.phase,
    reason: end?.reason,
    exitCode: end?.exitCode,
    deletionAsked: since(deletion?.atMs),
    by: deletion?.by,
    endAskedByHost: since(endedByUsMs),
    gone: since(goneMs),
    ...(wasOnLostNode ? { wasOnLostNode } : {}),
    ...(isDisrupted ? { isDisrupted } : {}),
    ...(hadFinalizer ? {} : { hadFinalizer }),
  });
}
