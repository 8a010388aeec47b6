import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { ClusterError, ObjectList, WatchEvent } from './cluster.ts';

/** Why a list or watch was begun again. */
export const RESTART_REASONS = [
  'Closed',
  'ClosedEarly',
  'Expired',
  'Throttled',
  'ServerError',
  'Refused',
  'Unreachable',
  'Credentials',
  'Idle',
  'Silent',
  'Refresh',
] as const;
export type RestartReason = (typeof RESTART_REASONS)[number];

export type Phase =
  /** Knows nothing, or nothing that can be continued; the timer's end begins a list. */
  | { readonly type: 'Empty' }
  /** A page was asked for. */
  | { readonly type: 'Listing'; readonly call: number; readonly continueToken: string | undefined }
  /** A page failed; the timer's end asks for it again. */
  | { readonly type: 'ListPaused'; readonly continueToken: string | undefined }
  /** Knows all up to the version; the timer's end begins a watch. */
  | { readonly type: 'Listed'; readonly resourceVersion: string; readonly refusals: number }
  | {
      readonly type: 'Watching';
      readonly call: number;
      readonly resourceVersion: string;
      readonly refusals: number;
      readonly startedAtMs: number;
      readonly hasSpoken: boolean;
      readonly hasAdvanced: boolean;
    }
  | { readonly type: 'Stopped' };

export interface ReflectorState {
  readonly phase: Phase;
  /** Number of the last call or timer: answers to older ones are not for this state. */
  readonly sequence: number;
  /** The timer that runs; undefined when none does. */
  readonly timer: number | undefined;
  /** Pages of the list that is read, or was read last. */
  readonly pages: number;
  /** When a short watch was last begun in the place of a list; undefined: never. */
  readonly hurriedAtMs: number | undefined;
  readonly backoff: { readonly failures: number /** When the last wait ended or will end. */; readonly waitedUntilMs: number };
}

export const initialReflectorState: ReflectorState = {
  phase: { type: 'Empty' },
  sequence: 0,
  timer: undefined,
  pages: 0,
  hurriedAtMs: undefined,
  backoff: { failures: 0, waitedUntilMs: Number.NEGATIVE_INFINITY },
};

/** Time and chance come in with each input. */
export type ReflectorInput = { readonly nowMs: number /** In [0, 1). */; readonly random: number } & (
  | { readonly type: 'Start' }
  | { readonly type: 'Stop' }
  /** Learn the present state now, because somebody needs it: list again, or, where that is many pages, watch so that the server tells how far it is. */
  | { readonly type: 'Refresh' }
  | { readonly type: 'TimerFired'; readonly timer: number }
  | { readonly type: 'PageRead'; readonly call: number; readonly list: ObjectList }
  | { readonly type: 'PageFailed'; readonly call: number; readonly error: ClusterError }
  | { readonly type: 'Watched'; readonly call: number; readonly event: WatchEvent }
  | { readonly type: 'WatchEnded'; readonly call: number }
);

export type ReflectorOutput =
  | { readonly type: 'List'; readonly call: number; readonly continueToken: string | undefined }
  | { readonly type: 'Watch'; readonly call: number; readonly resourceVersion: string; readonly timeoutSeconds: number }
  | { readonly type: 'Abort'; readonly call: number }
  /** Replaces the timer that runs. */
  | { readonly type: 'SetTimer'; readonly timer: number; readonly delayMs: number }
  | { readonly type: 'ClearTimer' }
  | { readonly type: 'ListBegun' }
  | { readonly type: 'Page'; readonly objects: readonly KubernetesObject[] }
  | { readonly type: 'ListDone'; readonly resourceVersion: string }
  | { readonly type: 'Upsert'; readonly object: KubernetesObject }
  | { readonly type: 'Remove'; readonly object: KubernetesObject }
  | { readonly type: 'Bookmark'; readonly resourceVersion: string }
  | { readonly type: 'Restarted'; readonly reason: RestartReason; readonly message: string; readonly delayMs: number };

export interface ReflectorStep {
  readonly state: ReflectorState;
  readonly outputs: readonly ReflectorOutput[];
}
