import type { Task } from '#core/api/task.ts';
import type { QueuePlace } from '#core/contract/decision.ts';
import { type ReadKind, refKey, type Settings, type Snapshot } from '#core/contract/snapshot.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';
import type { Engine } from '#host/engine/engine.ts';
import { caseOf, decideCase } from './case.ts';
import type { ClusterReader } from './reader.ts';

export interface LineDecisions {
  readonly engine: Engine;
  readonly reader: ClusterReader;
  readonly settings: Settings;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** A Task that holds a place, or wants one, by the core's own decision about it. */
export interface Placed {
  readonly task: Task;
  readonly deliberation: Deliberation;
  readonly place: QueuePlace;
}

/** Those of many Tasks that have a place or want one: who holds one first, by name, then as the host keeps a line, by `order` and then by name. */
export async function placesOf(decisions: LineDecisions, tasks: readonly Task[]): Promise<readonly Placed[]> {
  const deliberations = await decideLine(decisions, tasks);
  const placed = deliberations.flatMap((deliberation, index): readonly Placed[] => {
    const task = tasks[index];
    const place = deliberation.type === 'Decided' ? deliberation.decided.queue : undefined;
    return task === undefined || place === undefined ? [] : [{ task, deliberation, place }];
  });
  return placed.sort((a, b) => compare(orderOf(a), orderOf(b)) || compare(a.task.metadata.name, b.task.metadata.name));
}

/** Whether a Task names one of these Agents, or was started with one. */
export function concerns({ spec, status }: Task, agents: ReadonlySet<string>): boolean {
  return [spec.agentRef?.name, status?.agentRef?.name].some((name) => name !== undefined && agents.has(name));
}

function orderOf({ place }: Placed): string {
  return place.state === 'Wants' ? place.order : '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What all Tasks of an Agent ask for. */
const SHARED: readonly ReadKind[] = ['Agent', 'AgentTemplate'];

/**
 * What the core decides of each of many Tasks, in their order. Ten thousand of one Agent ask for the same objects, so each is given what the one before asked for: that
 * spares half of the calls of the core.
 */
async function decideLine({ engine, reader, settings, nowMs }: LineDecisions, tasks: readonly Task[]): Promise<readonly Deliberation[]> {
  const known = new Map<string, Snapshot['read']>();
  const made: Deliberation[] = [];
  for (const task of tasks) {
    const key = refKey({ kind: 'Agent', namespace: task.metadata.namespace ?? '', name: task.spec.agentRef?.name ?? '' });
    const deliberation = await decideCase(engine, reader, await caseOf(reader, { task, settings, nowMs }), known.get(key));
    known.set(key, sharedOf(deliberation.snapshot.read));
    made.push(deliberation);
  }
  return made;
}

/** Without what was read live: that is asked for where an absence has to be proved, and each Task proves its own. */
function sharedOf(read: Snapshot['read']): Snapshot['read'] {
  return Object.fromEntries(
    Object.entries(read).filter(([key]) => SHARED.some((kind) => key.startsWith(`${kind}/`)) && !key.endsWith('?live')),
  );
}
