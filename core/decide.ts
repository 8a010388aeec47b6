import type { Decision } from './contract/decision.ts';
import type { Snapshot } from './contract/snapshot.ts';
import { CONTRACT_VERSION } from './contract/version.ts';
import { decideTask } from './task/decide-task.ts';

/** Decides what is to be done about the snapshot's subject. Pure; answers `Unusable` to a snapshot of another contract or kind. */
export function decide(snapshot: Snapshot): Decision {
  const contract: number = snapshot.contract;
  if (contract !== CONTRACT_VERSION) return unusable(`this core speaks contract ${CONTRACT_VERSION}, the snapshot contract ${contract}`);
  const kind: string = snapshot.kind;
  if (kind !== 'Task') return unusable(`this core decides on Tasks, the snapshot is about a ${kind}`);
  return decideTask(snapshot);
}

function unusable(message: string): Decision {
  return { type: 'Unusable', contract: CONTRACT_VERSION, message };
}
