import type { Agent } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { ConfigMap, KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Admission } from '#host/cluster/memory/admission.ts';
import { forbidden } from '#host/cluster/memory/errors.ts';
import type { World, WorldOptions } from '#host/cluster/memory/world.ts';
import { agent, agentTask, NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';

/** A cluster in memory on which the real controller works, and the Task that is asked about. */
export interface Situation {
  readonly about: string;
  readonly world?: WorldOptions;
  /** Called with the controller running; between two of the steps the time given passes. */
  readonly steps: readonly Step[];
  /** Between the steps and behind the last, in milliseconds. Default 10 s. */
  readonly passesMs?: number;
  /** The controller is killed after the steps, and this passes, in milliseconds; the steps behind it find none. */
  readonly alone?: { readonly forMs: number; readonly steps?: readonly Step[] };
}

export type Step = (world: World) => void;

export const put =
  (kind: Kind, object: KubernetesObject): Step =>
  (world) =>
    void world.apply(newObject(kind, object));
/** What a CRD of before let in, as it lies in the store. */
export const stored =
  (kind: Kind, object: KubernetesObject): Step =>
  (world) => {
    const made = newObject(kind, object);
    world.server.load({ ...made, metadata: { ...made.metadata, generation: 1 } });
  };
export const aTemplate = (spec: Partial<AgentTemplate['spec']> = {}): Step => put('AgentTemplate', template(spec));
export const anAgent = (spec: Partial<Agent['spec']> = {}, status?: Agent['status']): Step => put('Agent', agent(spec, status));
export const aTask = (options: Parameters<typeof task>[0] = {}): Step => put('Task', task(options));
export const anAgentTask = (name = 'fix-bug', spec: Partial<Task['spec']> = {}): Step => put('Task', agentTask({ name, spec }));
export const aConfig = (spec: Readonly<Record<string, unknown>>): Step =>
  put('KubeOpenCodeConfig', { metadata: { name: 'cluster' }, spec } as KubernetesObject);
export const aConfigMap = (name: string, data: NonNullable<ConfigMap['data']>): Step =>
  put('ConfigMap', { metadata: { name, namespace: NAMESPACE }, data } as KubernetesObject);

/** Labels that the simulated kubelet obeys. */
export function sim(labels: Readonly<Record<string, string>>): Pick<AgentTemplate['spec'], 'podSpec'> {
  return { podSpec: { labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [`sim.kubeopencode.io/${name}`, value])) } };
}
export const outcome = (value: string): Pick<AgentTemplate['spec'], 'podSpec'> => sim({ outcome: value });

/** As `kubectl patch --type merge`. */
export const patch =
  (kind: Kind, name: string, change: object): Step =>
  (world) =>
    done(world.server.patch({ kind, namespace: NAMESPACE, name }, change, { patchType: 'merge' }), `patch ${kind} ${name}`);
export const remove =
  (kind: Kind, name: string): Step =>
  (world) =>
    done(world.server.delete({ kind, namespace: NAMESPACE, name }, {}), `delete ${kind} ${name}`);
export const stop = (name = 'fix-bug'): Step => patch('Task', name, { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } });

export const together =
  (...steps: readonly Step[]): Step =>
  (world) => {
    for (const step of steps) step(world);
  };

/** The Lease of a leader, as it was renewed at a time of the world’s. */
export const aLease = (holderIdentity: string, renewTime: string): Step =>
  put('Lease', {
    metadata: { name: 'task-controller.kubeopencode.io', namespace: 'kubeopencode-system' },
    spec: { holderIdentity, leaseDurationSeconds: 15, renewTime, acquireTime: renewTime, leaseTransitions: 1 },
  } as KubernetesObject);

/** Refuses every Pod with a text of admission’s. */
export const refusesPods =
  (text: string): Admission =>
  ({ operation, kind, name }) =>
    operation === 'create' && kind === 'Pod' ? { type: 'Refuse', error: forbidden('Pod', name, text) } : undefined;

function done(result: { readonly ok: boolean }, what: string): void {
  if (!result.ok) throw new Error(`expected to ${what}, got ${JSON.stringify(result)}`);
}
