import type { Task } from '#core/api/task.ts';
import type { Settings } from '#core/contract/snapshot.ts';
import type { Engine } from '#host/engine/engine.ts';
import { decideLine } from '../cluster/decide-line.ts';
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
  const others = all?.filter(
    (other) => other.metadata.uid !== task.metadata.uid && !isFinished(other) && agentsOf(other).some((name) => agents.includes(name)),
  );
  if (others === undefined) return undefined;
  const deliberations = await decideLine({ engine, reader, settings, nowMs }, others);
  const placed = deliberations.flatMap((deliberation, index): readonly InLine[] => {
    const [other, judged] = [others[index], judge(deliberation)];
    const { queue } = judged.decided;
    if (other === undefined || queue === undefined) return [];
    const order = queue.state === 'Wants' ? { order: queue.order } : {};
    return [{ name: other.metadata.name, key: queue.key, ...order, task: other, judged }];
  });
  return placed.sort((a, b) => compare(a.order ?? '', b.order ?? '') || compare(a.name, b.name));
}

/** The Agent that it names, and the one that it was started with. */
function agentsOf({ spec, status }: Task): readonly string[] {
  return [spec.agentRef?.name, status?.agentRef?.name].flatMap((name) => (typeof name === 'string' ? [name] : []));
}

function isFinished({ status }: Task): boolean {
  return status?.phase === 'Completed' || status?.phase === 'Failed';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
