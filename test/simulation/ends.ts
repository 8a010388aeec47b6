import { parseDuration } from '#core/units/duration.ts';
import { isLive, type Ledger, type PodRecord, type TaskRecord } from './ledger.ts';

/** API times are whole seconds. */
const secondOf = (ms: number): number => Math.floor(ms / 1_000);

/** What a Task may be said to have come to: `Completed`, or `phase/cause`. */
type End = string;

/**
 * Why the end that a Task has just been given is not what really happened; null when it is. By what Pods, people and nodes did, not by what a host saw.
 * `isLate`: who wrote it leads no more, so that another may have made a Pod meanwhile.
 */
export function faultOfEnd(ledger: Ledger, task: TaskRecord, isLate: boolean): string | null {
  const { status } = task.latest;
  const said: End = status?.cause === undefined ? `${status?.phase}` : `${status?.phase}/${status.cause}`;
  const named = task.pods.filter((pod) => pod.name === status?.podName);
  const pod = named.find(({ goneMs }) => goneMs === undefined) ?? named.at(-1);
  if (pod === undefined) return withoutPod(ledger, task, said, isLate);
  const allowed = endsOf(ledger, task, pod);
  if (!allowed.has(said))
    return `its status says ${said}, its pod allows ${[...allowed].join(' or ') || 'no end yet'}: ${factsOf(ledger, pod)}`;
  const told = status?.attempts?.at(-1);
  if (told?.podUID !== undefined && told.podUID !== pod.uid) return `its attempt names pod uid ${told.podUID}, its pod is ${pod.uid}`;
  if (said === 'Failed/Application' && told?.exitCode !== pod.end?.exitCode)
    return `its attempt says exit code ${told?.exitCode}, its pod ended with ${pod.end?.exitCode}`;
  return null;
}

/** A Task that ended before it had a Pod. */
function withoutPod(ledger: Ledger, task: TaskRecord, said: End, isLate: boolean): string | null {
  if (isLate) return null;
  const live = task.pods.find(isLive);
  if (live !== undefined) return `its status says ${said} and names no pod, and its pod ${live.name} lives`;
  const lost = task.pods.find((pod) => pod.hadFinalizer);
  if (lost !== undefined) return `its status says ${said} and names no pod, and it had one: ${factsOf(ledger, lost)}`;
  switch (said) {
    case 'Completed/Stopped':
      return task.stopAskedMs === undefined ? 'its status says that it was stopped, and nobody asked for that' : null;
    case 'Failed/Agent':
    case 'Failed/Context':
      return null;
    default:
      return `its status says ${said} and names no pod`;
  }
}

function endsOf(ledger: Ledger, task: TaskRecord, pod: PodRecord): ReadonlySet<End> {
  const { end, deletion } = pod;
  const ours = endingsByUs(ledger, task, pod);
  const cut: readonly End[] = [
    ...ours,
    ...(pod.isDisrupted ? ['Failed/Evicted', 'Failed/Preempted'] : []),
    ...(deletion === undefined || deletion.by.startsWith('host-') ? [] : ['Failed/PodDeleted']),
  ];
  if (end === undefined) return new Set(endsWithoutEnd(pod, cut));
  const byItself = endByItself(pod);
  if (end.reason === 'DeadlineExceeded') return new Set([...ours, ...(ours.length === 0 ? ['Failed/Configuration'] : [])]);
  if (pod.wasOnLostNode) return new Set([byItself, ...cut, 'Failed/NodeLost']);
  if (deletion === undefined) return new Set([byItself]);
  // Nobody who saw a Pod without finalizer go can tell how it had ended.
  const unseen = pod.hadFinalizer || pod.goneMs === undefined ? [] : ['Failed/PodDeleted', ...endingsAskedFor(ledger, task, pod)];
  // What a kubelet has reported before it heard of a deletion bears the older generation: that is exact.
  if (end.atMs < deletion.atMs) return new Set([byItself, ...unseen]);
  if (secondOf(end.atMs) === secondOf(deletion.atMs)) return new Set([byItself, ...cut, ...unseen]);
  // A kubelet's eviction that crosses a deletion is still the platform's own word.
  return new Set([...cut, ...unseen, ...(end.reason === 'Evicted' ? [byItself] : [])]);
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
  if (end?.isOutOfMemory === true) return 'Failed/OutOfMemory';
  if (end?.reason === 'Evicted') return 'Failed/Evicted';
  return 'Failed/Application';
}

/** How it may have ended by us: only if that was asked for, and the host acted on it before the Pod had ended by itself. */
function endingsByUs(ledger: Ledger, task: TaskRecord, pod: PodRecord): readonly End[] {
  const isLate = pod.endedByUsMs !== undefined && pod.endedByUsMs > (pod.end?.atMs ?? ledger.nowMs);
  return isLate ? [] : endingsAskedFor(ledger, task, pod);
}

function endingsAskedFor(ledger: Ledger, task: TaskRecord, pod: PodRecord): readonly End[] {
  const timeoutMs = timeoutOf(task, pod);
  return [
    ...(task.stopAskedMs === undefined ? [] : ['Completed/Stopped']),
    ...(timeoutMs !== null && pod.createdMs - 1_000 + timeoutMs <= ledger.nowMs ? ['Completed/Timeout'] : []),
  ];
}

/** The timeout that holds for a Task, in milliseconds; null: none. */
export function timeoutOf(task: TaskRecord, pod: PodRecord): number | null {
  const startedWith = pod.latest.metadata.annotations?.['kubeopencode.io/started-with'];
  const text =
    task.latest.spec.timeout ?? (startedWith === undefined ? undefined : (JSON.parse(startedWith) as { timeout?: string }).timeout);
  const parsed = text === undefined ? null : parseDuration(text);
  return parsed?.ok === true ? parsed.ms : null;
}

function factsOf(
  ledger: Ledger,
  { name, end, deletion, goneMs, createdMs, endedByUsMs, wasOnLostNode, isDisrupted, hadFinalizer }: PodRecord,
): string {
  const since = (ms: number | undefined): string => (ms === undefined ? 'never' : `${((ms - ledger.nowMs) / 1_000).toFixed(3)} s`);
  return JSON.stringify({
    pod: name,
    created: since(createdMs),
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
