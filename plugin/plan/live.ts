import type { Task } from '#core/api/task.ts';
import type { Subject } from '#core/contract/snapshot.ts';
import type { Address, Scope } from '#host/cluster/cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { openCluster, type ReachedCluster } from '../cluster/open.ts';
import { findTasks, listTasks, nameOf } from '../cluster/read.ts';
import { createReadings, type Readings } from '../cluster/readings.ts';
import type { Lacked } from '../contract/plan.ts';
import type { ClusterFlags } from '../flags.ts';
import type { PlannedObject } from '../input/objects.ts';
import type { Io } from '../io.ts';
import { ownersOf, readGround, readOne, readPods } from './ground.ts';
import { lackedOf } from './lacked.ts';
import type { PlanRun } from './record.ts';
import { type RunOptions, runPlan } from './run.ts';
import { checkStart, type PlanStart, startMsOf } from './start.ts';

/** Which Tasks of the cluster are planned, beside those of the files. */
export type Selection =
  | { readonly type: 'None' }
  | { readonly type: 'Named'; readonly names: readonly string[] }
  | { readonly type: 'Many'; readonly scope: Omit<Scope, 'kind'> };

export interface LiveInput {
  readonly options: Omit<RunOptions, 'startMs'>;
  readonly objects: readonly PlannedObject[];
  readonly selection: Selection;
  readonly start?: PlanStart;
}

export interface LiveRun {
  readonly run: PlanRun;
  readonly lacked: readonly Lacked[];
  /** One text a Task that was named and is not there. */
  readonly missing: readonly string[];
}

/** A cluster as the ground that a plan stands on. */
export interface Live {
  /** `-n`, else that of the context. */
  readonly namespace: string;
  /** Throws where the API server can't be asked, or holds what is newer than the start. */
  run(input: LiveInput): Promise<LiveRun>;
  close(): Promise<void>;
}

/** Each answer may bring the next question of the core. */
const MAX_ROUNDS = 8;

/** Opens the cluster that kubectl would talk to. Nothing is ever written there. */
export async function openLive(flags: ClusterFlags, io: Io): Promise<Live> {
  const cluster = await openCluster(flags, io);
  const namespace = flags.namespace || cluster.namespace;
  return { namespace, run: (input) => runLive(cluster, namespace, input), close: () => cluster.close() };
}

async function runLive(cluster: ReachedCluster, namespace: string, { options, objects, selection, start }: LiveInput): Promise<LiveRun> {
  const readings = createReadings(cluster);
  const { tasks, gone, missing } = await select(cluster, readings, namespace, selection);
  const stored = [...(await readGround({ readings, tasks, gone, objects }))];
  lackedOf(readings.lacks());
  const nowMs = realClock.now();
  const startMs = startMsOf(start, nowMs);
  checkStart(startMs, nowMs, stored);
  const subjects = [...tasks.map(({ metadata }) => subjectOf(metadata)), ...gone];
  for (let round = 1; ; round += 1) {
    const asked: Address[] = [];
    const run = await runPlan({ ...options, objects, stored, subjects, startMs, onMissing: (address) => void asked.push(address) });
    const found = await readMissing(readings, asked, stored);
    if (found.length === 0 || round === MAX_ROUNDS) return { run, lacked: lackedOf(readings.lacks()), missing };
    stored.push(...found);
  }
}

interface Selected {
  readonly tasks: readonly Task[];
  readonly gone: readonly Subject[];
  readonly missing: readonly string[];
}

async function select(cluster: ReachedCluster, readings: Readings, namespace: string, selection: Selection): Promise<Selected> {
  switch (selection.type) {
    case 'None':
      return { tasks: [], gone: [], missing: [] };
    case 'Many':
      return { tasks: await listTasks(cluster, selection.scope), gone: [], missing: [] };
    case 'Named': {
      const { tasks, missing } = await findTasks(cluster, namespace, selection.names);
      const known = tasks.map(({ metadata }) => metadata.name);
      const absent = selection.names.map(nameOf).filter((name) => !known.includes(name));
      const gone = absent.length === 0 ? [] : await leftBehind(readings, namespace, absent);
      return { tasks, gone, missing: missing.filter((_, index) => !gone.some(({ name }) => name === absent[index])) };
    }
  }
}

/** A Task that is gone may have left a Pod that bears our finalizer: the controller still works on that one. */
async function leftBehind(readings: Readings, namespace: string, names: readonly string[]): Promise<readonly Subject[]> {
  const pods = await readPods(readings, [namespace]);
  return names.flatMap((name) => {
    const pod = pods.find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.kind === 'Task' && owner.name === name));
    const [uid] = pod === undefined ? [] : ownersOf(pod);
    return uid === undefined ? [] : [{ namespace, name, uid }];
  });
}

/** What the run looked for in vain, and the cluster has. */
async function readMissing(
  readings: Readings,
  asked: readonly Address[],
  stored: readonly { readonly metadata: { readonly uid: string } }[],
) {
  const known = new Set(stored.map(({ metadata }) => metadata.uid));
  const addresses = new Map(asked.map((address) => [`${address.kind}/${address.namespace}/${address.name}`, address]));
  // A Task or a Pod that is missing is gone: the ground has all of these.
  const wanted = [...addresses.values()].filter(({ kind }) => kind !== 'Task' && kind !== 'Pod');
  const found = await Promise.all(wanted.map((address) => readOne(readings, address)));
  return found.flatMap((object) => (object === undefined || known.has(object.metadata.uid) ? [] : [object]));
}

function subjectOf({ namespace = '', name, uid = '' }: Task['metadata']): Subject {
  return { namespace, name, uid };
}
