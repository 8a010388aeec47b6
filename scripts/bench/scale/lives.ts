import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import { task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

/** A Task and its Pod, as an API server holds them after our host has worked on them. */
export interface Life {
  readonly task: Task;
  readonly pod: Pod;
}

const NAME = 'nightly-refactoring-00000';
const DESCRIPTION = 'Refactor module 00000 and open a pull request; keep the tests green and say what was changed';
const HOUR_MS = 3_600_000;

/** Lets one Task live on the memory cluster: until its end, or until it runs. */
export async function live(until: 'finished' | 'running', namespace: string): Promise<Life> {
  const world = createWorld();
  const outcome = until === 'finished' ? 'succeed' : 'never';
  const made = template({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': outcome } } });
  world.apply(newObject('AgentTemplate', { ...made, metadata: { ...made.metadata, namespace } }));
  const host = virtualHost({ engine: sourceEngine, world });
  await host.start();
  const { metadata, ...rest } = task({ name: NAME, spec: { description: DESCRIPTION } });
  world.apply(newObject('Task', { ...rest, metadata: { ...metadata, namespace } }));
  await world.clock.advance(HOUR_MS);
  const [stored, pod] = [host.get<Task>('Task', namespace, NAME), host.get<Pod>('Pod', namespace, `${NAME}-pod`)];
  const phase = until === 'finished' ? 'Completed' : 'Running';
  if (stored?.status?.phase !== phase || pod === undefined)
    throw new Error(`let a Task live until it is ${until}: expected the phase ${phase}, got ${stored?.status?.phase}`);
  host.kill();
  return { task: stored, pod };
}

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** Between two copies: so that no two have a time in common. */
const APART_MS = 7_000;

/** A life like it under another name, with UIDs, times and texts of its own, as the JSON text that an API server would send. */
export function copyOf({ task, pod }: Life, index: number): { readonly task: string; readonly pod: string } {
  const number = String(index).padStart(5, '0');
  const uids = [task.metadata.uid, pod.metadata.uid].filter((uid) => uid !== undefined);
  const rewrite = (object: Task | Pod): string => {
    let text = JSON.stringify(object).replaceAll('00000', number);
    for (const uid of uids)
      text = text.replaceAll(uid.replaceAll('00000', number), `${index.toString(16).padStart(8, '0')}${uid.slice(8)}`);
    return text.replace(TIME, (time) => {
      const moved = new Date(Date.parse(time) - index * APART_MS).toISOString();
      return time.includes('.') ? moved : moved.replace(/\.\d+Z$/, 'Z');
    });
  };
  return { task: rewrite(task), pod: rewrite(pod) };
}
