import { type Action, assertNever } from '#core/contract/decision.ts';
import type { PlannedAction } from '../contract/plan.ts';

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
