import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { type Action, assertNever } from '#core/contract/decision.ts';

export interface PlannedAction {
  readonly verb: 'create' | 'patch' | 'delete' | 'event' | 'effect' | 'record';
  readonly kind: string;
  readonly name: string;
  /** Identifier of the rule that wants it. */
  readonly reason: string;
  readonly subresource?: 'status';
  /** The whole object of a creation. */
  readonly object?: KubernetesObject;
  readonly patch?: Readonly<Record<string, unknown>>;
  readonly gracePeriodSeconds?: number;
  /** Of a log whose end is kept: which, and where. */
  readonly log?: { readonly container: string; readonly configMapName: string; readonly limitBytes: number };
  readonly event?: { readonly type: string; readonly reason: string; readonly note: string };
  /** The API server of the plan refused it: why. */
  readonly refused?: string;
}

/** An action of the core in the words of `-o json`. */
export function plannedAction(action: Action, reason: string, refusedText: string | undefined): PlannedAction {
  const refused = refusedText === undefined ? {} : { refused: refusedText };
  switch (action.type) {
    case 'Create':
      return { verb: 'create', kind: action.object.kind, name: action.object.metadata.name, reason, object: action.object, ...refused };
    case 'Patch': {
      const { ref, subresource, patch } = action;
      return {
        verb: 'patch',
        kind: ref.kind,
        name: ref.name,
        reason,
        ...(subresource === undefined ? {} : { subresource }),
        patch,
        ...refused,
      };
    }
    case 'Delete': {
      const { ref, gracePeriodSeconds } = action;
      return {
        verb: 'delete',
        kind: ref.kind,
        name: ref.name,
        reason,
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        ...refused,
      };
    }
    case 'Event':
      return {
        verb: 'event',
        kind: 'Event',
        name: action.name,
        reason,
        event: { type: action.eventType, reason: action.reason, note: action.note },
        ...refused,
      };
    case 'Effect': {
      if (action.kind !== 'LogTail') return { verb: 'effect', kind: action.kind, name: action.title, reason };
      const { kind, pod, container, configMap, limitBytes } = action;
      const log = { container, configMapName: configMap.metadata.name, limitBytes };
      return { verb: 'effect', kind, name: pod.name, reason, log };
    }
    case 'RecordStart':
      return { verb: 'record', kind: 'Agent', name: action.agent.name, reason };
    default:
      return assertNever(action);
  }
}
