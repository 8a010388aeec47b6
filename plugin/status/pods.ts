import type { ContainerStatus, ContainerState as KubernetesState, Pod } from '#core/api/kubernetes.ts';
import type { ContainerState, PodState } from '../contract/status.ts';

export function podState({ metadata, spec, status }: Pod): PodState {
  const unschedulable = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const reason = status?.reason ?? unschedulable?.reason;
  const message = status?.message ?? unschedulable?.message;
  return {
    name: metadata.name,
    ...optional('uid', metadata.uid),
    phase: status?.phase ?? 'Pending',
    ...optional('reason', reason),
    ...optional('message', message),
    ...optional('node', spec.nodeName),
    ...optional('createdAt', metadata.creationTimestamp),
    ...optional('deletingAt', metadata.deletionTimestamp),
    containers: [
      ...(spec.initContainers ?? []).map(({ name, restartPolicy }) =>
        containerState(name, restartPolicy === 'Always' ? 'sidecar' : 'init', status?.initContainerStatuses),
      ),
      ...spec.containers.map(({ name }) => containerState(name, 'container', status?.containerStatuses)),
    ],
  };
}

/** `waits: ImagePullBackOff (no such image)`, `runs`, `exited 137 (OOMKilled)`. */
export function containerText({ state, reason, message, exitCode, signal }: ContainerState): string {
  const why = [...(reason === undefined ? [] : [reason]), ...(message === undefined ? [] : [firstLine(message)])];
  switch (state) {
    case 'waiting':
      return reason === undefined ? 'waits' : `waits: ${why.join(': ')}`;
    case 'running':
      return 'runs';
    case 'exited': {
      const by = [...(reason === undefined || reason === 'Completed' || reason === 'Error' ? [] : [reason]), ...signalText(signal)];
      return `exited ${exitCode ?? '?'}${by.length === 0 ? '' : ` (${by.join(', ')})`}`;
    }
  }
}

/** `Pending: Unschedulable: 0/3 nodes are available`, `Running on node-1`. */
export function podText({ phase, reason, message, node, deletingAt }: PodState): string {
  const why = [...(reason === undefined ? [] : [reason]), ...(message === undefined ? [] : [firstLine(message)])];
  const where = node === undefined ? '' : ` on ${node}`;
  return `${phase}${where}${why.length === 0 ? '' : `: ${why.join(': ')}`}${deletingAt === undefined ? '' : ', being deleted'}`;
}

function containerState(name: string, type: ContainerState['type'], statuses: readonly ContainerStatus[] | undefined): ContainerState {
  const state = statuses?.find((status) => status.name === name)?.state;
  return { name, type, ...stateOf(state) };
}

function stateOf({ waiting, running, terminated }: KubernetesState = {}): Omit<ContainerState, 'name' | 'type'> {
  if (terminated !== undefined) {
    const { exitCode, signal, reason, message, startedAt, finishedAt } = terminated;
    return {
      state: 'exited',
      exitCode,
      ...optional('signal', signal),
      ...optional('reason', reason),
      ...optional('message', message),
      ...optional('startedAt', startedAt),
      ...optional('finishedAt', finishedAt),
    };
  }
  if (running !== undefined) return { state: 'running', ...optional('startedAt', running.startedAt) };
  return { state: 'waiting', ...optional('reason', waiting?.reason), ...optional('message', waiting?.message) };
}

function signalText(signal: number | undefined): readonly string[] {
  return signal === undefined || signal === 0 ? [] : [`signal ${signal}`];
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined || value === '' ? {} : ({ [key]: value } as { readonly [key in K]: V });
}
