import type { Agent } from '#core/api/agent.ts';
import type { KubeOpenCodeConfig } from '#core/api/config.ts';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';
import { LABELS } from '#core/contract/names.ts';
import type { Subject } from '#core/contract/snapshot.ts';
import type { Address } from '#host/cluster/cluster.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { isRanked } from '../cluster/ranks.ts';
import { UNFINISHED } from '../cluster/reader.ts';
import type { Readings } from '../cluster/readings.ts';
import type { PlannedObject } from '../input/objects.ts';

export interface GroundInput {
  readonly readings: Readings;
  /** Tasks of the cluster that are planned. */
  readonly tasks: readonly Task[];
  /** Tasks that are gone and have left a Pod behind. */
  readonly gone: readonly Subject[];
  readonly objects: readonly PlannedObject[];
}

/** Everything of a cluster that the decisions about these Tasks may stand on, but ConfigMaps, which are read when the core asks for them. */
export async function readGround({ readings, tasks, gone, objects }: GroundInput): Promise<readonly StoredObject[]> {
  const config = await readings.config();
  const inFiles = objects.filter((object): object is PlannedObject & Task => object.kind === 'Task');
  const replaced = await Promise.all(objects.map((object) => readOne(readings, addressOf(object))));
  const own = byUid([...tasks, ...replaced.flatMap((object) => (object?.kind === 'Task' ? [object as StoredObject & Task] : []))]);
  const hasLimits = hasRanks([config, ...objects.filter(({ kind }) => kind === 'KubeOpenCodeConfig')]);
  const others = await readOthers(readings, [...own, ...inFiles], hasLimits);
  const all = byUid([...own, ...others]);
  const namespaces = new Set(
    [...all, ...inFiles, ...gone.map((metadata) => ({ metadata }))].map(({ metadata }) => metadata.namespace ?? ''),
  );
  const [pods, references] = await Promise.all([
    readPods(readings, namespaces),
    readReferences(readings, [...all, ...inFiles, ...objects]),
  ]);
  const owners = new Set([...all.map(({ metadata }) => metadata.uid), ...gone.map(({ uid }) => uid)]);
  return distinct([
    ...(config === undefined ? [] : [asStored('KubeOpenCodeConfig', config)]),
    ...replaced.flatMap((object) => (object === undefined ? [] : [object])),
    ...references,
    ...all.map((task) => asStored('Task', task)),
    ...pods.filter((pod) => ownersOf(pod).some((uid) => owners.has(uid))).map((pod) => asStored('Pod', pod)),
  ]);
}

/** A ConfigMap, Agent or AgentTemplate that the core asked for. */
export async function readOne(readings: Readings, address: Address): Promise<StoredObject | undefined> {
  if (address.name === '') return undefined;
  const got = await readings.get(address);
  return 'found' in got ? asStored(address.kind, got.found) : undefined;
}

/** UIDs of the Tasks that own, or owned, a Pod. */
export function ownersOf({ metadata }: KubernetesObject): readonly string[] {
  const labelled = metadata.labels?.[LABELS.taskUid];
  return [...(metadata.ownerReferences ?? []).map(({ uid }) => uid), ...(labelled === undefined ? [] : [labelled])];
}

/** Pods of Tasks, in these namespaces. */
export async function readPods(readings: Readings, namespaces: Iterable<string>): Promise<readonly Pod[]> {
  const lists = [...namespaces].map((namespace) => readings.list({ kind: 'Pod', namespace, labelSelector: LABELS.taskUid }, 'Pods'));
  return (await Promise.all(lists)).flatMap((pods) => (pods ?? []) as readonly Pod[]);
}

/** The Tasks that wait at the same Agents, or hold places there; all of a namespace where finished ones are counted for the clean-up. */
async function readOthers(readings: Readings, planned: readonly Task[], hasLimits: boolean): Promise<readonly Task[]> {
  const agents = new Set(planned.flatMap((task) => agentsOf(task).map((name) => `${task.metadata.namespace}/${name}`)));
  const namespaces = new Set(
    planned.filter((task) => hasLimits || agentsOf(task).length > 0).map(({ metadata }) => metadata.namespace ?? ''),
  );
  const lists = [...namespaces].map((namespace) =>
    readings.list({ kind: 'Task', namespace, ...(hasLimits ? {} : { fieldSelector: UNFINISHED }) }, 'Tasks'),
  );
  const listed = (await Promise.all(lists)).flatMap((tasks) => (tasks ?? []) as readonly Task[]);
  const isAtThem = (task: Task): boolean => agentsOf(task).some((name) => agents.has(`${task.metadata.namespace}/${name}`));
  return listed.filter((task) => (isFinished(task) ? hasLimits : isAtThem(task)));
}

/** The Agents and AgentTemplates that these name, and the AgentTemplates that those Agents name. */
async function readReferences(readings: Readings, objects: readonly KubernetesObject[]): Promise<readonly StoredObject[]> {
  const found = await readAll(readings, objects.flatMap(referencesOf));
  return [...found, ...(await readAll(readings, found.flatMap(referencesOf)))];
}

async function readAll(readings: Readings, addresses: readonly Address[]): Promise<readonly StoredObject[]> {
  return (await Promise.all(addresses.map((address) => readOne(readings, address)))).flatMap((object) => object ?? []);
}

function referencesOf(object: KubernetesObject): readonly Address[] {
  const { spec, status, metadata } = object as KubernetesObject & Partial<Pick<Task, 'spec' | 'status'> & Pick<Agent, 'spec'>>;
  const { namespace = '' } = metadata;
  const address = (kind: Kind, name: string | undefined): readonly Address[] => (name === undefined ? [] : [{ kind, namespace, name }]);
  return [
    ...address('Agent', spec?.agentRef?.name),
    ...address('Agent', status?.agentRef?.name),
    ...address('AgentTemplate', spec?.templateRef?.name),
    ...address('AgentTemplate', status?.templateRef?.name),
  ];
}

/** The Agent that a Task names, and the one that it was started with. */
function agentsOf({ spec, status }: Task): readonly string[] {
  return [spec.agentRef?.name, status?.agentRef?.name].flatMap((name) => (name === undefined ? [] : [name]));
}

/** Whether the clean-up counts the finished Tasks of a namespace. */
function hasRanks(configs: readonly (KubernetesObject | undefined)[]): boolean {
  return configs.some((config) => isRanked((config as KubeOpenCodeConfig | undefined)?.spec?.cleanup));
}

function byUid(tasks: readonly Task[]): readonly Task[] {
  return [...new Map(tasks.map((task) => [task.metadata.uid, task])).values()];
}

function distinct(objects: readonly StoredObject[]): readonly StoredObject[] {
  return [
    ...new Map(objects.map((object) => [`${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`, object])).values(),
  ];
}

function addressOf({ kind, metadata }: PlannedObject): Address {
  const { namespace = '', name = '' } = metadata as Partial<PlannedObject['metadata']>;
  return { kind, namespace, name };
}

/** Items of a list come without kind and apiVersion. */
function asStored(kind: Kind, object: KubernetesObject): StoredObject {
  return { ...(object as StoredObject), kind, apiVersion: apiVersionOf(kind) };
}
