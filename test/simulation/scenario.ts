import type { Agent } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { KubeOpenCodeConfig } from '#core/api/config.ts';
import type { TaskSpec } from '#core/api/task.ts';
import type { DeleteOptions } from '#host/cluster/cluster.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';

/** A history before it happens, as data: what people and nodes do, and how often each fault strikes. The same scenario always gives the same history. */
export interface Scenario {
  readonly seed: number;
  /** From the beginning; afterwards nothing goes wrong any more and nobody does anything. */
  readonly quietAfterMs: number;
  readonly rates: FaultRates;
  /** Ordered by `atMs`. */
  readonly happenings: readonly Timed[];
}

/** Names of faults, and how likely each is: of a call, a write or a delivery, as the injector says. */
export const FAULTS = [
  /** The host dies before a write is sent, or right after the API server did it. */
  'crash',
  /** The host stands still before a write is sent and another takes over; then it wakes and goes on. */
  'pause',
  /** A call is refused: 409, 403, 429, 500, 503, or nothing answers. */
  'refuse',
  /** A write is done, and the answer is lost or says something else. */
  'lose',
  /** A call takes its time, before or behind the API server. */
  'slow',
  /** A write reaches the API server much later; its host may have gone meanwhile. */
  'late',
  'watchDelay',
  'watchTwice',
  'watchClose',
  /** 410, 500 or a broken stream instead of an event. */
  'watchFail',
  /** Nothing comes any more on a watch, until it is closed. */
  'watchStall',
  /** One event is lost and the watch goes on as if nothing were: what no API server does. */
  'watchDrop',
] as const;
export type FaultName = (typeof FAULTS)[number];
export type FaultRates = Readonly<Record<FaultName, number>>;

export const NO_FAULTS = Object.fromEntries(FAULTS.map((name) => [name, 0])) as FaultRates;

export interface Timed {
  readonly atMs: number;
  readonly happening: Happening;
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** What somebody other than the host does. */
export type Happening =
  /** Created, or merged into what is there. */
  | { readonly type: 'ApplyAgent'; readonly at: Named; readonly spec: Partial<Agent['spec']> }
  | { readonly type: 'ApplyTemplate'; readonly at: Named; readonly spec: Partial<AgentTemplate['spec']> }
  | { readonly type: 'ApplyConfig'; readonly spec: KubeOpenCodeConfig['spec'] }
  | { readonly type: 'AgentReady'; readonly at: Named; readonly ready: boolean }
  | { readonly type: 'CreateTask'; readonly at: Named; readonly spec: TaskSpec; readonly script: Partial<PodScript> }
  | { readonly type: 'PatchTask'; readonly at: Named; readonly spec: Partial<TaskSpec> }
  | { readonly type: 'StopTask'; readonly at: Named }
  | {
      readonly type: 'Delete';
      readonly kind: 'Task' | 'Agent' | 'AgentTemplate' | 'Pod';
      readonly at: Named;
      readonly options: DeleteOptions;
    }
  | { readonly type: 'EvictPod'; readonly at: Named }
  /** A Pod that belongs to nobody, under a name that a Task will want. */
  | { readonly type: 'ForeignPod'; readonly at: Named }
  | { readonly type: 'NodeLost'; readonly node: string }
  /** The taint manager gives up what runs on a lost node. */
  | { readonly type: 'NodeTainted'; readonly node: string }
  | { readonly type: 'NodeBack'; readonly node: string }
  /** A ResourceQuota for Pods in each namespace; null: none any more. */
  | { readonly type: 'PodQuota'; readonly hard: number | null }
  /** Old versions are forgotten. */
  | { readonly type: 'Compact' }
  | { readonly type: 'CrashHost' }
  | { readonly type: 'PauseHost'; readonly forMs: number; readonly overlapMs: number }
  /** An orderly hand-over, as in a rollout. */
  | { readonly type: 'ReplaceHost' };

/** Nodes of every simulated cluster. */
export const NODES = [
  { name: 'node-1', pods: 6 },
  { name: 'node-2', pods: 6 },
] as const;
