import type { ContainerStatus, Pod } from '#core/api/kubernetes.ts';
import { AGENT_CONTAINER } from '#core/contract/names.ts';
import { type PodScript, podScript } from '#host/cluster/memory/pod-script.ts';

/** An agent that has run longer than is assumed ends so long after the beginning: what it is doing now comes first. */
const LEAST_LEFT_MS = 1_000;

/** What a container waits for that no time mends. */
const STUCK: Readonly<Record<string, PodScript['outcome']>> = {
  ErrImagePull: 'image-pull',
  ImagePullBackOff: 'image-pull',
  ErrImageNeverPull: 'image-pull',
  InvalidImageName: 'invalid-image',
  CreateContainerConfigError: 'config-error',
  CreateContainerError: 'config-error',
};

/** Can't become of a Pod whose agent runs. */
const BEFORE_IT_RUNS: readonly PodScript['outcome'][] = ['image-pull', 'invalid-image', 'config-error', 'rejected', 'unschedulable'];

/**
 * How a Pod goes on that a cluster holds: one that runs goes on running, and ends when its time is over; what keeps one from starting goes on to keep it,
 * unless something else is assumed.
 */
export function standingScript(pod: Pod, assumed: Partial<PodScript>, nowMs: number): Partial<PodScript> {
  const { outcome, runForMs } = { ...podScript(pod), ...assumed };
  const agent = agentOf(pod);
  const startedAt = agent?.state?.running?.startedAt;
  if (startedAt !== undefined) {
    const ranMs = Math.max(0, nowMs - Date.parse(startedAt));
    return {
      ...assumed,
      outcome: BEFORE_IT_RUNS.includes(outcome) ? 'succeed' : outcome,
      runForMs: Math.max(runForMs, ranMs + LEAST_LEFT_MS),
    };
  }
  if (assumed.outcome !== undefined) return assumed;
  const stuck = isUnschedulable(pod) ? 'unschedulable' : STUCK[agent?.state?.waiting?.reason ?? ''];
  return stuck === undefined ? assumed : { ...assumed, outcome: stuck };
}

function agentOf({ status }: Pod): ContainerStatus | undefined {
  const statuses = status?.containerStatuses ?? [];
  return statuses.find(({ name }) => name === AGENT_CONTAINER) ?? statuses[0];
}

function isUnschedulable({ status }: Pod): boolean {
  return (
    status?.conditions?.some(({ type, status: is, reason }) => type === 'PodScheduled' && is === 'False' && reason === 'Unschedulable') ===
    true
  );
}
