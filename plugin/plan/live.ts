import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';
import { LABELS } from '#core/contract/names.ts';
import type { Address, Cluster, Scope } from '#host/cluster/cluster.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { realClock } from '#host/real-clock.ts';
import { openCluster } from '../cluster/open.ts';
import type { ClusterFlags } from '../flags.ts';
import type { PlannedObject } from '../input/objects.ts';
import type { Io } from '../io.ts';
import type { PlanRun } from './model.ts';
import { type RunOptions, runPlan } from './run.ts';

/** A cluster as the ground that a plan stands on. */
export interface Live {
  /** Namespace of the context. */
  readonly namespace: string;
  run(options: RunOptions, objects: readonly PlannedObject[]): Promise<PlanRun>;
  close(): Promise<void>;
}

const PAGE_SIZE = 500;
/** ConfigMaps are looked up when the core asks for them; each answer may bring the next question. */
const MAX_ROUNDS = 8;

/** Opens the cluster that kubectl would talk to. Nothing is ever written there. */
export async function openLive(flags: ClusterFlags, io: Pick<Io, 'err'>): Promise<Live> {
  const cluster = await openCluster(flags);
  return {
    namespace: cluster.namespace,
    run: (options, objects) => runLive(cluster, io, options, objects),
    close: () => cluster.close(),
  };
}

async function runLive(cluster: Cluster, io: Pick<Io, 'err'>, options: RunOptions, objects: readonly PlannedObject[]): Promise<PlanRun> {
  const stored = [...(await readAll(cluster, io, namespacesOf(objects)))];
  const startMs = realClock.now();
  const asked = new Set<string>();
  for (let round = 1; ; round += 1) {
    const missing: Address[] = [];
    const run = await runPlan({
      ...options,
      objects,
      stored,
      startMs,
      onMissing: (address) => {
        const key = `${address.namespace}/${address.name}`;
        if (address.kind !== 'ConfigMap' || asked.has(key)) return;
        asked.add(key);
        missing.push(address);
      },
    });
    const found = (await Promise.all(missing.map((address) => readOne(cluster, io, address)))).flat();
    if (found.length === 0 || round === MAX_ROUNDS) return run;
    stored.push(...found);
  }
}

function namespacesOf(objects: readonly PlannedObject[]): readonly string[] {
  return [...new Set(objects.flatMap(({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace])))].sort();
}

/** Everything in these namespaces that a decision may stand on. What may not be read is told, and lacks in the plan. */
async function readAll(cluster: Cluster, io: Pick<Io, 'err'>, namespaces: readonly string[]): Promise<readonly StoredObject[]> {
  const scopes: readonly Scope[] = [
    { kind: 'KubeOpenCodeConfig' },
    ...namespaces.flatMap((namespace): readonly Scope[] => [
      { kind: 'AgentTemplate', namespace },
      { kind: 'Agent', namespace },
      { kind: 'Task', namespace },
      { kind: 'Pod', namespace, labelSelector: LABELS.taskUid },
    ]),
  ];
  return (await Promise.all(scopes.map((scope) => readScope(cluster, io, scope)))).flat();
}

async function readScope(cluster: Cluster, io: Pick<Io, 'err'>, scope: Scope): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = [];
  for (let continueToken: string | undefined; ; ) {
    const page = await cluster.list({ ...scope, limit: PAGE_SIZE, ...(continueToken === undefined ? {} : { continueToken }) });
    if (!page.ok) {
      const { error } = page;
      if (error.type !== 'Refused') throw new Error(error.message);
      io.err(
        `warning: the plan lacks every ${scope.kind}${scope.namespace === undefined ? '' : ` of namespace ${scope.namespace}`}: ${error.message}\n`,
      );
      return [];
    }
    objects.push(...page.value.items.map((item) => asStored(scope.kind, item)));
    continueToken = page.value.continueToken;
    if (continueToken === undefined || continueToken === '') return objects;
  }
}

async function readOne(cluster: Cluster, io: Pick<Io, 'err'>, address: Address): Promise<readonly StoredObject[]> {
  const result = await cluster.get(address);
  if (result.ok) return [asStored(address.kind, result.value)];
  const isAbsent = result.error.type === 'Refused' && result.error.code === 404;
  if (!isAbsent) io.err(`warning: the plan lacks ${address.kind} ${address.namespace}/${address.name}: ${result.error.message}\n`);
  return [];
}

/** Items of a list come without kind and apiVersion. */
function asStored(kind: Kind, object: KubernetesObject): StoredObject {
  return { ...(object as StoredObject), kind, apiVersion: apiVersionOf(kind) };
}
