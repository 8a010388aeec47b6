import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import type { Settings } from '#core/contract/snapshot.ts';
import type { Engine } from '#host/engine/engine.ts';
import { concerns, placesOf } from '../cluster/decide-line.ts';
import type { ClusterReader } from '../cluster/reader.ts';
import { type Judged, judge } from './course.ts';

/** One who holds a place, or waits for one, by the core's own decision about it. */
export interface InLine {
  readonly name: string;
  readonly key: string;
  /** Absent: it holds a place. */
  readonly order?: string;
  readonly task: Task;
  readonly judged: Judged;
}

export interface LineInput {
  readonly engine: Engine;
  readonly reader: ClusterReader;
  readonly settings: Settings;
  readonly nowMs: number;
}

/** The other Tasks that have to do with this one's Agent, as the core places each; undefined where they can't be listed. */
export async function othersInLine({ engine, reader, settings, nowMs }: LineInput, task: Task): Promise<readonly InLine[] | undefined> {
  const all = await reader.unfinishedTasks(task.metadata.namespace ?? '');
  const agents = agentsOf(task);
  const others = all?.filter((other) => other.metadata.uid !== task.metadata.uid && !isFinished(other) && concerns(other, agents));
  if (others === undefined) return undefined;
  const placed = await placesOf({ engine, reader, settings, nowMs }, others);
  return placed.map(({ task: other, deliberation, place }) => {
    const order = place.state === 'Wants' ? { order: place.order } : {};
    return { name: other.metadata.name, key: place.key, ...order, task: other, judged: judge(deliberation) };
  });
}

/** The Agent that it names, and the one that it was started with. */
function agentsOf({ spec, status }: Task): ReadonlySet<string> {
  return new Set([spec.agentRef?.name, status?.agentRef?.name].filter((name) => typeof name === 'string'));
}
