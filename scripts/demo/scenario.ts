import type { Manifest } from './manifests.ts';
import type { End } from './summary.ts';

/** A story that the demo tells: what there is, what people and nodes do to it, and how it has to end. Only data; the host decides the rest. */
export interface DemoScenario {
  readonly name: string;
  /** One line for the list. */
  readonly title: string;
  /** What to look for, a sentence a line. */
  readonly look: readonly string[];
  /** Virtual seconds a second where nobody asks for another speed. */
  readonly speed: number;
  /** Names of the nodes; each takes 10 Pods. */
  readonly nodes: readonly string[];
  /** Replicas of the host: one leads, the others stand by. */
  readonly hosts: 1 | 2;
  /** `Tasks` leaves out what becomes of the Pods: where there are many. */
  readonly detail: 'Everything' | 'Tasks';
  readonly happenings: readonly Timed[];
  readonly expects: Expectation;
}

export interface Timed {
  readonly at: Moment;
  readonly happening: Happening;
}

export type Moment =
  /** So long after the beginning. */
  | { readonly type: 'After'; readonly ms: number }
  /** So long after an object has come to a phase for the first time. */
  | { readonly type: 'Once'; readonly kind: 'Task' | 'Pod'; readonly name: string; readonly phase: string; readonly afterMs: number };

export type Happening =
  /** `command`: as the user types it. */
  | { readonly type: 'Apply'; readonly command: string; readonly objects: readonly Manifest[] }
  /** The examples of the repository, file by file. */
  | { readonly type: 'ApplyFolder'; readonly folder: string }
  | { readonly type: 'StopTask'; readonly name: string }
  /** Evicts each Pod of a node. */
  | { readonly type: 'Drain'; readonly node: string }
  | { readonly type: 'DeletePod'; readonly name: string }
  | { readonly type: 'Logs'; readonly pod: string }
  /** A node's kubelet is heard no more; what runs there goes on. */
  | { readonly type: 'CutOff'; readonly node: string }
  /** The control plane gives up what runs there. */
  | { readonly type: 'GiveUp'; readonly node: string }
  | { readonly type: 'Back'; readonly node: string }
  /** A ResourceQuota for Pods; null: none any more. */
  | { readonly type: 'Quota'; readonly hard: number | null }
  /** The leading host dies the next time that it is about to write this Task's status. */
  | { readonly type: 'CrashBeforeStatus'; readonly task: string };

/** How a story has to come out. Always: no Task gets a second Pod, and nothing is left that runs or that a finalizer holds. */
export interface Expectation {
  /** Tasks that end otherwise than Completed. */
  readonly ends: Readonly<Record<string, End>>;
  /** Causes that the status has to name. */
  readonly causes?: Readonly<Record<string, string>>;
  /** Pods that live at the same time, at most. */
  readonly mostPods?: number;
  /** Tasks that queue before they run, at least. */
  readonly queued?: number;
}

/** What a user applies from a file, so many seconds after the beginning. */
export function applied(seconds: number, file: string, objects: readonly Manifest[]): Timed {
  return { at: after(seconds), happening: { type: 'Apply', command: `kubectl apply -f ${file}`, objects } };
}

/** After so many seconds. */
export function after(seconds: number): Moment {
  return { type: 'After', ms: seconds * 1_000 };
}

/** So many seconds after an object has come to a phase. */
export function once(kind: 'Task' | 'Pod', name: string, phase: string, seconds: number): Moment {
  return { type: 'Once', kind, name, phase, afterMs: seconds * 1_000 };
}
