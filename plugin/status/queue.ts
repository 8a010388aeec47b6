import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import type { Engine } from '#host/engine/engine.ts';
import { concerns, type Placed, placesOf } from '../cluster/decide-line.ts';
import type { ClusterReader } from '../cluster/reader.ts';
import type { QueueState } from '../contract/status.ts';
import { isWaiting } from './model.ts';

export interface QueueInput {
  readonly engine: Engine;
  readonly reader: ClusterReader;
  readonly nowMs: number;
}

/** A list of all, of each of ten thousand, would be fifty million names. */
const MOST_AHEAD = 100;

/** Queues of the Agents that these Tasks wait for, by UID of the Task: every Task of such an Agent is decided by the core, and stands where it wants to. */
export async function queuesOf(input: QueueInput, tasks: readonly Task[]): Promise<ReadonlyMap<string, QueueState>> {
  const waiting = tasks.filter((task) => isWaiting(task) && task.spec.agentRef !== undefined);
  const queues = new Map<string, QueueState>();
  for (const namespace of new Set(waiting.map(({ metadata }) => metadata.namespace ?? ''))) {
    const agents = new Set(waiting.flatMap(({ metadata, spec }) => (metadata.namespace === namespace ? [spec.agentRef?.name ?? ''] : [])));
    for (const [uid, queue] of await queuesIn(input, namespace, agents)) queues.set(uid, queue);
  }
  return queues;
}

async function queuesIn(
  { engine, reader, nowMs }: QueueInput,
  namespace: string,
  agents: ReadonlySet<string>,
): Promise<readonly (readonly [uid: string, queue: QueueState])[]> {
  const settings = await reader.settings();
  const all = (await reader.unfinishedTasks(namespace)) ?? [];
  const concerned = all.filter((task) => !isFinished(task) && concerns(task, agents));
  const placed = await placesOf({ engine, reader, settings, nowMs }, concerned);
  const keys = new Set(placed.map(({ place }) => place.key));
  return [...keys].flatMap((key) => lineOf(placed.filter(({ place }) => place.key === key)));
}

/** One line, in its order. */
function lineOf(line: readonly Placed[]): readonly (readonly [uid: string, queue: QueueState])[] {
  const holders = line.filter(({ place }) => place.state === 'Holds').map(({ task }) => task.metadata.name);
  const waiting = line.flatMap(({ task, place }) => (place.state === 'Wants' ? [{ task, place }] : []));
  return waiting.map(({ task, place }, index) => [
    task.metadata.uid ?? '',
    {
      agent: task.spec.agentRef?.name ?? '',
      position: index + 1,
      waiting: waiting.length,
      ahead: waiting.slice(0, Math.min(index, MOST_AHEAD)).map((other) => other.task.metadata.name),
      holders,
      ...(place.slots === undefined ? {} : { slots: place.slots }),
      ...(place.notBefore === undefined ? {} : { notBefore: place.notBefore }),
      ...(place.closed === undefined ? {} : { closed: place.closed }),
    },
  ]);
}
