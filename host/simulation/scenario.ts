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
  /** What each host works on, of those that run at once; the first has the index 0. Absent: one that works on everything. */
  readonly shares?: readonly Share[];
  /** Whether the API server knows schemas; otherwise people may store anything. */
  readonly hasSchemas?: boolean;
  /** No answer of the API server bears a date (a proxy strips it), so that hosts go by their own clocks. Default: each does. */
  readonly isUndated?: boolean;
  /** Objects in a page of a list. Absent: as many as the host asks for. */
  readonly pageSize?: number;
}

/** What a host works on, as its flags say. */
export interface Share {
  /** Absent: all. */
  readonly namespaces?: readonly string[];
  /** Value of the label `SHARE_LABEL` of its Tasks. Absent: all. */
  readonly label?: string;
}

export const SHARE_LABEL = 'example.com/host';

/** Fields of an object as people may have stored them: no schema has looked at them. */
export type Fields = Readonly<Record<string, unknown>>;

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
  /** A watch sends no bookmark. */
  'watchMute',
  /** The server of an Agent fails, is slow, or never answers. */
  'session',
  /** A log can't be read, comes late, breaks off, or never ends. */
  'log',
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
  | { readonly type: 'ApplyAgent'; readonly at: Named; readonly spec: Partial<Agent['spec']> | Fields }
  | { readonly type: 'ApplyTemplate'; readonly at: Named; readonly spec: Partial<AgentTemplate['spec']> | Fields }
  | { readonly type: 'ApplyConfig'; readonly spec: KubeOpenCodeConfig['spec'] | Fields }
  | { readonly type: 'ApplyConfigMap'; readonly at: Named; readonly data: Readonly<Record<string, string>> }
  | { readonly type: 'AgentReady'; readonly at: Named; readonly ready: boolean }
  | {
      readonly type: 'CreateTask';
      readonly at: Named;
      readonly spec: TaskSpec | Fields;
      readonly script: Partial<PodScript>;
      /** How the Pods of the attempts after the first go; the last also says how all further ones do. Absent: as the first. */
      readonly later?: readonly Partial<PodScript>[];
      readonly labels?: Readonly<Record<string, string>>;
    }
  | { readonly type: 'PatchTask'; readonly at: Named; readonly spec: Partial<TaskSpec> | Fields }
  /** A Task goes over to another host's share. */
  | { readonly type: 'MoveTask'; readonly at: Named; readonly label: string }
  /** By hand, past every rule. */
  | { readonly type: 'EditStatus'; readonly at: Named; readonly status: Fields }
  | { readonly type: 'StopTask'; readonly at: Named }
  /** A person asks for another attempt: the next one by its number, or whatever he writes. `isFreed`: and takes the stop back. */
  | { readonly type: 'RetryTask'; readonly at: Named; readonly attempt: 'Next' | (string & {}); readonly isFreed?: true }
  /** How ConfigMaps of logs are refused from now on; null: no more. */
  | { readonly type: 'RefuseLogs'; readonly how: 'Forbidden' | 'Invalid' | null }
  /** Somebody takes the name of the ConfigMap that the log of an attempt would be kept in. */
  | { readonly type: 'ForeignLog'; readonly at: Named; readonly attempt: number }
  | {
      readonly type: 'Delete';
      readonly kind: 'Task' | 'Agent' | 'AgentTemplate' | 'Pod';
      readonly at: Named;
      readonly options: DeleteOptions;
    }
  | { readonly type: 'DeleteNamespace'; readonly namespace: string }
  | { readonly type: 'CreateNamespace'; readonly namespace: string }
  | { readonly type: 'EvictPod'; readonly at: Named }
  /** A Pod that belongs to nobody, under a name that a Task will want. */
  | { readonly type: 'ForeignPod'; readonly at: Named }
  | { readonly type: 'ForeignConfigMap'; readonly at: Named }
  /** Somebody else's finalizer is put on an object, or taken away. */
  | { readonly type: 'Hold'; readonly kind: 'Task' | 'Pod'; readonly at: Named; readonly isHeld: boolean }
  /** Somebody takes from a Pod what is ours: the finalizer, or the label that the watch selects. */
  | { readonly type: 'StripPod'; readonly at: Named; readonly of: 'finalizer' | 'label' }
  /** Somebody sets `activeDeadlineSeconds`. */
  | { readonly type: 'SetDeadline'; readonly at: Named; readonly seconds: number }
  /** What a webhook adds to each Pod from now on; empty: nothing. */
  | { readonly type: 'Webhook'; readonly adds: { readonly sidecar?: true; readonly deadlineSeconds?: number } }
  | { readonly type: 'NodeLost'; readonly node: string }
  /** The taint manager gives up what runs on a lost node. */
  | { readonly type: 'NodeTainted'; readonly node: string }
  | { readonly type: 'NodeBack'; readonly node: string }
  /** A ResourceQuota for Pods in each namespace; null: none any more. */
  | { readonly type: 'PodQuota'; readonly hard: number | null }
  /** Old versions are forgotten. */
  | { readonly type: 'Compact' }
  | HostHappening;

/** What befalls the leader of a share; without one, of the first. */
export type HostHappening = { readonly share?: number } & (
  | { readonly type: 'CrashHost' }
  | { readonly type: 'PauseHost'; readonly forMs: number; readonly overlapMs: number }
  /** An orderly hand-over, as in a rollout. */
  | { readonly type: 'ReplaceHost' }
  /** Its wall clock is set, forward or back; who comes after it runs on a machine whose clock is right. */
  | { readonly type: 'JumpClock'; readonly byMs: number }
);

/** Namespaces of every simulated cluster. */
export const NAMESPACES = ['team-a', 'team-b'] as const;

/** Nodes of every simulated cluster. */
export const NODES = [
  { name: 'node-1', pods: 6 },
  { name: 'node-2', pods: 6 },
] as const;
