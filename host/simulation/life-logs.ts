import type { ConfigMap } from '#core/api/kubernetes.ts';
import type { Attempt, Task } from '#core/api/task.ts';
import { AGENT_CONTAINER, ANNOTATIONS } from '#core/contract/names.ts';
import type { ApiServer } from '#host/cluster/memory/api-server.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Ledger } from './ledger.ts';
import { attemptsIn } from './life-records.ts';
import { isHost, type PodRecord, type TaskRecord } from './records.ts';
import type { Violation } from './violation.ts';

/** Why an attempt must not be recorded so: a host has deleted its Pod, whose agent has run, and nothing says what became of its log. */
export function faultOfLog({ isEvidenceKept }: Ledger, { pods }: TaskRecord, { podUID, log, number }: Attempt): string | null {
  const pod = pods.find(({ uid }) => uid === podUID);
  if (pod === undefined || !isEvidenceKept || !pod.hadFinalizer || !pod.hasAgentStarted || log !== undefined) return null;
  const isDeletedByHost = pod.deletion !== undefined && isHost(pod.deletion.by);
  return isDeletedByHost ? `attempt ${number} is recorded without a word of its log, and its pod ${pod.name} goes` : null;
}

/** Where a status points to a kept log that is not there, is another's, or is shorter than it says. */
export function faultOfPointers(ledger: Ledger, before: StoredObject & Task, task: TaskRecord): string | null {
  for (const { number, log } of attemptsIn(task.latest.status)) {
    const name = log?.configMapName;
    if (name === undefined || attemptsIn(before.status).some((known) => known.number === number && known.log !== undefined)) continue;
    const found = ledger.configMapNamed(task.namespace, name);
    if (found === undefined) return `the log of attempt ${number} is to be in config map ${name}, which is not there`;
    if (!isOwnedBy(found, task)) return `the log of attempt ${number} is to be in config map ${name}, which is somebody else's`;
    const bytes = Math.max(...Object.values(found.data ?? {}).map((text) => Buffer.byteLength(text)));
    if (bytes < (log?.bytes ?? 0)) return `the log of attempt ${number} is to be ${log?.bytes} bytes long, and ${bytes} are there`;
  }
  return null;
}

function isOwnedBy({ metadata }: ConfigMap, { uid }: TaskRecord): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
}

/** At the end: what should be readable of each Pod and is not. */
export function keptLogFaults(ledger: Ledger, server: ApiServer): readonly Violation[] {
  return [...ledger.pods.values()].flatMap((pod) => {
    const { task } = pod;
    if (task === undefined || task.goneMs !== undefined || task.deletingMs !== undefined || task.isEdited) return [];
    const what = `pod ${pod.name} (${pod.uid.slice(0, 8)}) of task ${task.namespace}/${task.name}`;
    const kept = faultOfKept(ledger, task, pod);
    const retained = faultOfRetained(server, pod);
    return [
      ...(kept === null ? [] : [{ rule: 'the-end-of-a-log-is-kept', says: `${what}: ${kept}` }]),
      ...(retained === null ? [] : [{ rule: 'the-log-of-a-retained-stop-stays', says: `${what}: ${retained}` }]),
    ];
  });
}

/** A Pod that ran and that a host has deleted, while nothing went wrong: the last words of its agent are kept. */
function faultOfKept(ledger: Ledger, task: TaskRecord, pod: PodRecord): string | null {
  const { agentEnd, deletion } = pod;
  const isCalm = ledger.isEvidenceKept && ledger.isCalm && !task.isTroubled && !pod.wasOnLostNode && task.movedMs === undefined;
  // The kubelet itself removes the containers of those that it evicts.
  const isEvicted = pod.end?.reason !== undefined && pod.end.reason !== 'DeadlineExceeded';
  if (
    !isCalm ||
    isEvicted ||
    agentEnd === undefined ||
    !pod.hasAgentStarted ||
    deletion === undefined ||
    !isHost(deletion.by) ||
    !pod.hadFinalizer
  )
    return null;
  const attempt = attemptsIn(task.latest.status).find(({ podUID }) => podUID === pod.uid);
  if (attempt === undefined) return null;
  const name = attempt.log?.configMapName;
  if (name === undefined) return `its log was not kept: ${JSON.stringify(attempt.log)}`;
  const text = ledger.configMapNamed(task.namespace, name)?.data?.[AGENT_CONTAINER] ?? '';
  const last = agentEnd.exitCode === 0 ? 'done' : `ended with exit code ${agentEnd.exitCode}`;
  const whole = `${AGENT_CONTAINER}: started\n${AGENT_CONTAINER}: ${last}\n`;
  return text !== '' && whole.endsWith(text) ? null : `its log is to end with ${JSON.stringify(last)}, kept is ${JSON.stringify(text)}`;
}

/** A Pod whose containers were ended and that is there: its log can be read. */
function faultOfRetained(server: ApiServer, { latest, end, deletion, goneMs, hasAgentStarted, wasOnLostNode }: PodRecord): string | null {
  const isRetained = end?.reason === 'DeadlineExceeded' && latest.metadata.annotations?.[ANNOTATIONS.endedFor] !== undefined;
  if (!isRetained || !hasAgentStarted || deletion !== undefined || goneMs !== undefined || wasOnLostNode) return null;
  const { namespace = '', name } = latest.metadata;
  const log = server.logs({ kind: 'Pod', namespace, name }, { container: AGENT_CONTAINER });
  return log.ok && log.value.startsWith(`${AGENT_CONTAINER}: started`) ? null : `its log is not readable: ${JSON.stringify(log)}`;
}
