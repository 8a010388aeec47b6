import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { LABELS } from '#core/contract/names.ts';
import { type Clock, timestamp } from '#host/clock.ts';
import type { Scope } from '#host/cluster/cluster.ts';
import type { Store } from '#host/cluster/store.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { realClock } from '#host/real-clock.ts';
import { isSelective, selectorsOf } from '../choose.ts';
import { failureText } from '../cluster/failure.ts';
import { follow } from '../cluster/follow.ts';
import { type ReachedCluster, withCluster } from '../cluster/open.ts';
import { findTasks, listAll, listTasks } from '../cluster/read.ts';
import { createClusterReader } from '../cluster/reader.ts';
import type { StatusFlags } from '../commands/status.ts';
import type { QueueState, StatusReport } from '../contract/status.ts';
import { readCore } from '../core-file.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { isWaiting, reportOf } from './model.ts';
import { createPrinter, formOf } from './print.ts';
import { queuesOf } from './queue.ts';

/** What of the cluster is shown. */
interface View {
  readonly cluster: ReachedCluster;
  readonly clock: Clock;
  /** Absent: all. */
  readonly namespace?: string;
  readonly names: readonly string[];
  readonly flags: StatusFlags;
  readonly io: Io;
}

/** `kubectl opencode status`: reads, prints, and with `--watch` goes on. */
export async function runStatusCommand(names: readonly string[], flags: StatusFlags, io: Io, clock: Clock = realClock): Promise<ExitCode> {
  if (names.length > 0 && flags.allNamespaces === true)
    throw new Error('status: expected names or -A; a name is looked for in one namespace');
  if (names.length > 0 && isSelective(flags)) throw new Error('status: expected names or -l, not both');
  return withCluster(flags, io, async ({ cluster, namespace }) => {
    const place = flags.allNamespaces === true ? {} : { namespace };
    const view: View = { cluster, clock, ...place, names, flags, io };
    const found =
      names.length > 0 ? await findTasks(cluster, namespace, names) : { tasks: await listTasks(cluster, scopeOf(view)), missing: [] };
    for (const text of found.missing) io.err(`error: ${text}\n`);
    const code = found.missing.length > 0 ? EXIT.error : EXIT.ok;
    if (flags.watch === true && (names.length === 0 || found.tasks.length > 0)) {
      // Without names those that come later are shown, too, and as a table.
      await watch(names.length === 0 ? view : { ...view, names: found.tasks.map(({ metadata }) => metadata.name) });
      return code;
    }
    if (found.tasks.length > 0) (await createPrinter(view))(await report(view, found.tasks, await readPods(view)));
    else if (found.missing.length === 0)
      io.err(flags.allNamespaces === true ? 'No Tasks found.\n' : `No Tasks found in ${namespace} namespace.\n`);
    return code;
  });
}

function scopeOf({ namespace, flags }: View): Omit<Scope, 'kind'> {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...selectorsOf(flags),
  };
}

function podScope({ namespace }: View): Scope {
  return { kind: 'Pod', ...(namespace === undefined ? {} : { namespace }), labelSelector: LABELS.taskUid };
}

/** Whether more is shown than the Tasks themselves say. */
function isDeep(view: View): boolean {
  const form = formOf(view);
  return form !== 'table' && form !== 'name';
}

async function readPods(view: View): Promise<readonly Pod[]> {
  if (!isDeep(view)) return [];
  const listed = await listAll(view.cluster, podScope(view));
  if (listed.ok) return listed.items as readonly Pod[];
  const { namespace } = view;
  const asked = { verb: 'list', kind: 'Pod', ...(namespace === undefined ? {} : { namespace }) } as const;
  view.io.err(`warning: Pods are not shown: ${failureText(asked, listed.error, view.cluster)}\n`);
  return [];
}

async function report(view: View, tasks: readonly Task[], pods: readonly Pod[]): Promise<StatusReport> {
  const nowMs = view.clock.now();
  const queues = isDeep(view) ? await readQueues(view, tasks, nowMs) : new Map<string, QueueState>();
  return reportOf({ tasks, pods, queues, at: timestamp(nowMs) });
}

/** The core is loaded only where a Task waits for an Agent. */
async function readQueues({ cluster, flags, io }: View, tasks: readonly Task[], nowMs: number): Promise<ReadonlyMap<string, QueueState>> {
  if (!tasks.some((task) => isWaiting(task) && task.spec.agentRef !== undefined)) return new Map();
  const engine = loadEngine(readCore(flags.core));
  const reader = createClusterReader(cluster);
  const queues = await queuesOf({ engine, reader, nowMs }, tasks);
  for (const { message } of reader.lacks()) io.err(`warning: the place in the queue may be wrong: ${message}\n`);
  return queues;
}

async function watch(view: View): Promise<void> {
  const { cluster, clock, names, io } = view;
  const isByName = names.length > 0;
  const print = await createPrinter(view);
  const over = new AbortController();
  const scopes: readonly Scope[] = [{ kind: 'Task', ...scopeOf(view) }, ...(isDeep(view) ? [podScope(view)] : [])];
  for await (const store of follow({ cluster, clock, scopes, signal: over.signal, onTrouble: (text) => io.err(`warning: ${text}\n`) })) {
    const all = objectsOf(store, 'Task', view) as readonly Task[];
    const tasks = isByName ? names.flatMap((name) => all.filter(({ metadata }) => metadata.name === name)) : all.toSorted(byName);
    print(await report(view, tasks, objectsOf(store, 'Pod', view) as readonly Pod[]));
    if (isByName && tasks.every(isFinished)) return;
  }
}

function objectsOf(store: Store, kind: 'Task' | 'Pod', { namespace }: View): readonly KubernetesObject[] {
  return [...store.list(kind, namespace)];
}

function byName(a: Task, b: Task): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}
