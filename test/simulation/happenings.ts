import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';
import { CONFIG_NAME } from '#core/contract/names.ts';
import type { Result } from '#host/cluster/cluster.ts';
import { podQuota } from '#host/cluster/memory/admission.ts';
import { evictByApi, evictByTaint } from '#host/cluster/memory/disruption.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import type { World } from '#host/cluster/memory/world.ts';
import type { Happening } from './scenario.ts';

/** What people and nodes do to the cluster; what the hosts suffer is the fleet's affair. */
type Deed = Exclude<Happening, { type: 'CrashHost' | 'PauseHost' | 'ReplaceHost' }>;

export interface DeedsOptions {
  readonly world: World;
  /** How the Pods of Tasks go, by the Task's UID. */
  readonly scripts: Map<string, Partial<PodScript>>;
  onNodeLost(node: string): void;
}

/** Carries out what a scenario says. */
export class Deeds {
  readonly #options: DeedsOptions;
  #endQuota: () => void = () => {};

  constructor(options: DeedsOptions) {
    this.#options = options;
  }

  /** Does it; what the API server refuses (it is there already, it is gone) is no more than a line of the history. Returns that line. */
  perform(deed: Deed): string {
    const { server, outages } = this.#options.world;
    switch (deed.type) {
      case 'ApplyAgent':
        return this.#apply('Agent', deed.at, deed.spec);
      case 'ApplyTemplate':
        return this.#apply('AgentTemplate', deed.at, deed.spec);
      case 'ApplyConfig':
        return this.#apply('KubeOpenCodeConfig', { namespace: '', name: CONFIG_NAME }, deed.spec);
      case 'AgentReady': {
        const status = { ready: deed.ready, url: `http://${deed.at.name}.${deed.at.namespace}.svc:4096` };
        const result = server.patch(
          { kind: 'Agent', ...deed.at },
          { status },
          { patchType: 'merge', subresource: 'status' },
          'agent-controller',
        );
        return `server of agent ${textOf(deed.at)} is ${deed.ready ? 'ready' : 'not ready'}${refusalOf(result)}`;
      }
      case 'CreateTask': {
        const result = server.create(objectOf('Task', deed.at, deed.spec), 'user');
        if (result.ok) this.#options.scripts.set(result.value.metadata.uid, deed.script);
        return `user creates task ${textOf(deed.at)} ${JSON.stringify(deed.spec)}, its pod ${JSON.stringify(deed.script)}${refusalOf(result)}`;
      }
      case 'PatchTask': {
        const result = server.patch({ kind: 'Task', ...deed.at }, { spec: deed.spec }, { patchType: 'merge' }, 'user');
        return `user changes task ${textOf(deed.at)} ${JSON.stringify(deed.spec)}${refusalOf(result)}`;
      }
      case 'StopTask': {
        const patch = { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } };
        return `user stops task ${textOf(deed.at)}${refusalOf(server.patch({ kind: 'Task', ...deed.at }, patch, { patchType: 'merge' }, 'user'))}`;
      }
      case 'Delete': {
        const result = server.delete({ kind: deed.kind, ...deed.at }, deed.options, 'user');
        return `user deletes ${deed.kind} ${textOf(deed.at)} ${JSON.stringify(deed.options)}${refusalOf(result)}`;
      }
      case 'EvictPod':
        evictByApi(server, { kind: 'Pod', ...deed.at });
        return `pod ${textOf(deed.at)} is evicted`;
      case 'ForeignPod': {
        const spec = { containers: [{ name: 'other', image: 'other' }], terminationGracePeriodSeconds: 1 };
        return `somebody creates pod ${textOf(deed.at)}${refusalOf(server.create(objectOf('Pod', deed.at, spec), 'somebody'))}`;
      }
      case 'NodeLost':
        outages.begin(deed.node);
        this.#options.onNodeLost(deed.node);
        return `${deed.node} is lost`;
      case 'NodeTainted':
        if (outages.isOut(deed.node)) evictByTaint(server, deed.node);
        return `the taint manager gives up what runs on ${deed.node}`;
      case 'NodeBack':
        outages.end(deed.node);
        return `${deed.node} is back`;
      case 'PodQuota':
        this.#endQuota();
        this.#endQuota = deed.hard === null ? () => {} : server.addAdmission(podQuota(deed.hard));
        return `quota of pods: ${deed.hard ?? 'none'}`;
      case 'Compact':
        server.store.compact();
        return 'the api server forgets old versions';
    }
  }

  #apply(kind: Kind, at: { readonly namespace: string; readonly name: string }, spec: object): string {
    const { server } = this.#options.world;
    const result =
      server.find({ kind, ...at }) === undefined
        ? server.create(objectOf(kind, at, spec), 'user')
        : server.patch({ kind, ...at }, { spec }, { patchType: 'merge' }, 'user');
    return `user applies ${kind} ${textOf(at)} ${JSON.stringify(spec)}${refusalOf(result)}`;
  }
}

function objectOf(
  kind: Kind,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  spec: object,
): KubernetesObject & { readonly kind: Kind } {
  const metadata = { name, ...(namespace === '' ? {} : { namespace }) };
  return { apiVersion: apiVersionOf(kind), kind, metadata, ...{ spec } };
}

function textOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function refusalOf(result: Result<unknown>): string {
  return result.ok ? '' : ` (refused: ${result.error.message})`;
}
