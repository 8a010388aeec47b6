import type { Condition, Pod } from '#core/api/kubernetes.ts';
import type { Attempt } from '#core/api/task.ts';
import { AGENT_CONTAINER, ANNOTATIONS } from '#core/contract/names.ts';
import type { StartedWith } from '#core/contract/started-with.ts';
import { parseDuration } from '#core/units/duration.ts';
import type { Meant, PodRecord, TaskRecord } from './records.ts';

/** What may keep a Pod from running for so long that it is given up. */
export type Block = 'Unschedulable' | 'Image' | 'Configuration';

/** Waiting reasons that the simulated kubelet gives. */
const BLOCKS: Readonly<Record<string, Block>> = {
  ErrImagePull: 'Image',
  ImagePullBackOff: 'Image',
  InvalidImageName: 'Image',
  CreateContainerConfigError: 'Configuration',
  CrashLoopBackOff: 'Configuration',
};

/** What keeps a Pod from running now; null: nothing. */
export function blockOf({ status }: Pod): Block | null {
  if (status?.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'False')) return 'Unschedulable';
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
    ({ state }) => BLOCKS[state?.waiting?.reason ?? ''],
  );
  return waiting.find((block) => block !== undefined) ?? null;
}

/** Whether its agent runs or has run. */
export function hasAgentStarted({ status }: Pod): boolean {
  const agent = status?.containerStatuses?.find(({ name }) => name === AGENT_CONTAINER);
  const ended = agent?.state?.terminated ?? agent?.lastState?.terminated;
  return agent?.state?.running !== undefined || Date.parse(ended?.startedAt ?? '') > 0;
}

/** The same as far as its node can tell: an agent that it has lost sight of may have run. */
export function mayHaveRun(pod: Pod): boolean {
  const agent = pod.status?.containerStatuses?.find(({ name }) => name === AGENT_CONTAINER);
  return hasAgentStarted(pod) || agent?.state?.terminated?.reason === 'ContainerStatusUnknown';
}

/** What a Pod was started with beside its spec. */
export function startedWithOf({ latest }: PodRecord): StartedWith {
  const text = latest.metadata.annotations?.[ANNOTATIONS.startedWith];
  return text === undefined ? {} : (JSON.parse(text) as StartedWith);
}

const PATIENCE = { Unschedulable: 'unschedulable', Image: 'imagePull', Configuration: 'configuration' } as const;

/** How long a Pod may be kept from running so, in milliseconds; null: for ever. */
export function patienceOf(task: TaskRecord, pod: PodRecord, block: Block): number | null {
  const sources = [task.latest.spec.pendingTimeouts, startedWithOf(pod).pendingTimeouts];
  for (const source of sources) {
    const parsed = parseDuration(source?.[PATIENCE[block]]);
    if (parsed.ok) return parsed.ms;
  }
  return null;
}

/** What a Pod may have been given up for by a time. */
export function givenUpFor(task: TaskRecord, pod: PodRecord, atMs: number): readonly Block[] {
  return [...pod.blockedBy].filter((block) => {
    const patienceMs = patienceOf(task, pod, block);
    // API times are whole seconds.
    return patienceMs !== null && pod.createdMs - 1_000 + patienceMs <= atMs;
  });
}

/** Reasons of the condition `Stopping`. */
const MEANT: Readonly<Record<string, Meant>> = {
  Timeout: 'Timeout',
  Unschedulable: 'Unschedulable',
  ImagePull: 'Image',
  Configuration: 'Configuration',
};

/** What a status says that the Pod is to be ended for, whatever a hand may have written there; undefined: nothing, or a stop. */
export function meantIn(status: unknown): Meant | undefined {
  const { conditions } = (status ?? {}) as { readonly conditions?: unknown };
  const stopping = (Array.isArray(conditions) ? (conditions as readonly Condition[]) : []).find(({ type }) => type === 'Stopping');
  return stopping?.status === 'True' ? MEANT[stopping.reason] : undefined;
}

/** Attempts as a status lists them, whatever a hand may have written there. */
export function attemptsIn(status: unknown): readonly Attempt[] {
  const { attempts } = (status ?? {}) as { readonly attempts?: unknown };
  return Array.isArray(attempts) ? (attempts as readonly Attempt[]) : [];
}

/** Number of the last attempt that is recorded; 0: none. */
export function lastNumberIn(status: unknown): number {
  return attemptsIn(status).at(-1)?.number ?? 0;
}

/** The attempt that one version of a status records and the one before did not. */
export function newAttempt(before: unknown, after: unknown): Attempt | undefined {
  const last = attemptsIn(after).at(-1);
  return last !== undefined && last.number > lastNumberIn(before) ? last : undefined;
}
