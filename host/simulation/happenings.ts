import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';
import { ANNOTATIONS, CONFIG_NAME, LABELS, POD_FINALIZER } from '#core/contract/names.ts';
import { logConfigMapName } from '#core/pod/names.ts';
import type { Result } from '#host/cluster/cluster.ts';
import { type Admission, podQuota } from '#host/cluster/memory/admission.ts';
import { evictByApi, evictByTaint } from '#host/cluster/memory/disruption.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { logRefusal } from './log-faults.ts';
import { type Happening, type HostHappening, SHARE_LABEL } from './scenario.ts';
import type { Scripts } from './scripts.ts';

/** What people and nodes do to the cluster; what the hosts suffer is the fleet's affair. */
export type Deed = Exclude<Happening, HostHappening>;

/** A finalizer that is not ours. */
const HOLD = 'example.com/hold';

export interface DeedsOptions {
  readonly world: World;
  /** How the Pods of Tasks go. */
  readonly scripts: Scripts;
  onNodeLost(node: string): void;
}

/** Carries out what a scenario says. */
export class Deeds {
  readonly #options: DeedsOptions;
  #endQuota: () => void = () => {};
  #endWebhook: () => void = () => {};
  #endRefusal: () => void = () => {};

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
      case 'ApplyConfigMap': {
        const result = server.create({ ...objectOf('ConfigMap', deed.at), ...{ data: deed.data } }, 'user');
        return `user applies config map ${textOf(deed.at)}${refusalOf(result)}`;
      }
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
        const result = server.create(objectOf('Task', deed.at, deed.spec, deed.labels), 'user');
        if (result.ok) this.#options.scripts.set(result.value.metadata.uid, [deed.script, ...(deed.later ?? [])]);
        return `user creates task ${textOf(deed.at)} ${JSON.stringify(deed.spec)}, its pod ${JSON.stringify(deed.script)}${deed.later === undefined ? '' : `, then ${JSON.stringify(deed.later)}`}${refusalOf(result)}`;
      }
      case 'MoveTask': {
        const patch = { metadata: { labels: { [SHARE_LABEL]: deed.label } } };
        const result = server.patch({ kind: 'Task', ...deed.at }, patch, { patchType: 'merge' }, 'user');
        return `user gives task ${textOf(deed.at)} to host ${deed.label}${refusalOf(result)}`;
      }
      case 'EditStatus': {
        const how = { patchType: 'merge', subresource: 'status' } as const;
        const result = server.patch({ kind: 'Task', ...deed.at }, { status: deed.status }, how, 'user');
        return `user writes status of task ${textOf(deed.at)} ${JSON.stringify(deed.status)}${refusalOf(result)}`;
      }
      case 'PatchTask': {
        const result = server.patch({ kind: 'Task', ...deed.at }, { spec: deed.spec }, { patchType: 'merge' }, 'user');
        return `user changes task ${textOf(deed.at)} ${JSON.stringify(deed.spec)}${refusalOf(result)}`;
      }
      case 'StopTask': {
        const patch = { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } };
        return `user stops task ${textOf(deed.at)}${refusalOf(server.patch({ kind: 'Task', ...deed.at }, patch, { patchType: 'merge' }, 'user'))}`;
      }
      case 'RetryTask': {
        const task = server.find({ kind: 'Task', ...deed.at }) as Task | undefined;
        const attempt = deed.attempt === 'Next' ? String((task?.status?.attempts?.at(-1)?.number ?? 0) + 1) : deed.attempt;
        const annotations = { [ANNOTATIONS.retry]: attempt, ...(deed.isFreed === true ? { [ANNOTATIONS.stop]: null } : {}) };
        const result = server.patch({ kind: 'Task', ...deed.at }, { metadata: { annotations } }, { patchType: 'merge' }, 'user');
        return `user asks for attempt ${attempt} of task ${textOf(deed.at)}${refusalOf(result)}`;
      }
      case 'RefuseLogs':
        this.#endRefusal();
        this.#endRefusal = deed.how === null ? () => {} : server.addAdmission(logRefusal(deed.how));
        return `config maps of logs: ${deed.how ?? 'let in'}`;
      case 'ForeignLog': {
        const uid = server.find({ kind: 'Task', ...deed.at })?.metadata.uid ?? '';
        const named = { namespace: deed.at.namespace, name: logConfigMapName(deed.at.name, uid, deed.attempt) };
        return `somebody creates config map ${textOf(named)}${refusalOf(server.create(objectOf('ConfigMap', named), 'somebody'))}`;
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
      case 'ForeignConfigMap': {
        const result = server.create({ ...objectOf('ConfigMap', deed.at), ...{ data: { other: 'of somebody' } } }, 'somebody');
        return `somebody creates config map ${textOf(deed.at)}${refusalOf(result)}`;
      }
      case 'DeleteNamespace':
        if (!server.namespaces.isTerminating(deed.namespace)) this.#options.world.namespaces.delete(deed.namespace);
        return `namespace ${deed.namespace} is deleted`;
      case 'CreateNamespace':
        if (server.namespaces.isTerminating(deed.namespace)) return `namespace ${deed.namespace} can't be created: it is being deleted`;
        server.namespaces.add(deed.namespace);
        return `namespace ${deed.namespace} is created`;
      case 'Hold':
        return this.#hold(deed);
      case 'StripPod': {
        // Who hides a Pod whose Task is over has to let it go himself.
        if (deed.of === 'label' && hasEnded(server.find({ kind: 'Pod', ...deed.at }))) return `pod ${textOf(deed.at)} has ended`;
        const patch =
          deed.of === 'finalizer'
            ? { metadata: { '$deleteFromPrimitiveList/finalizers': [POD_FINALIZER] } }
            : { metadata: { labels: { [LABELS.taskUid]: null } } };
        const result = server.patch({ kind: 'Pod', ...deed.at }, patch, { patchType: 'strategic' }, 'user');
        return `user takes our ${deed.of} from pod ${textOf(deed.at)}${refusalOf(result)}`;
      }
      case 'SetDeadline': {
        const patch = { spec: { activeDeadlineSeconds: deed.seconds } };
        const result = server.patch({ kind: 'Pod', ...deed.at }, patch, { patchType: 'strategic' }, 'user');
        return `user gives pod ${textOf(deed.at)} a deadline of ${deed.seconds} s${refusalOf(result)}`;
      }
      case 'Webhook':
        this.#endWebhook();
        this.#endWebhook = server.addAdmission(webhook(deed.adds));
        return `a webhook adds to each new pod ${JSON.stringify(deed.adds)}`;
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

  /** A merge patch replaces the list, so it is read first. */
  #hold({ kind, at, isHeld }: Extract<Deed, { type: 'Hold' }>): string {
    const { server } = this.#options.world;
    const finalizers = server.find({ kind, ...at })?.metadata.finalizers ?? [];
    const others = finalizers.filter((name) => name !== HOLD);
    const patch = { metadata: { finalizers: isHeld ? [...others, HOLD] : others } };
    const result = server.patch({ kind, ...at }, patch, { patchType: 'merge' }, 'somebody');
    return `somebody ${isHeld ? 'puts a finalizer on' : 'takes its finalizer from'} ${kind} ${textOf(at)}${refusalOf(result)}`;
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
  spec?: object,
  labels?: Readonly<Record<string, string>>,
): KubernetesObject & { readonly kind: Kind } {
  const metadata = { name, ...(namespace === '' ? {} : { namespace }), ...(labels === undefined ? {} : { labels }) };
  return { apiVersion: apiVersionOf(kind), kind, metadata, ...(spec === undefined ? {} : { spec }) };
}

/** A service mesh or a policy: a container beside the others, a deadline where there is none. */
function webhook({ sidecar, deadlineSeconds }: Extract<Deed, { type: 'Webhook' }>['adds']): Admission {
  return ({ operation, kind, object }) => {
    if (operation !== 'create' || kind !== 'Pod') return undefined;
    const { spec } = object as Pod;
    const containers = sidecar === true ? [...spec.containers, { name: 'proxy', image: 'proxy' }] : spec.containers;
    const deadline = deadlineSeconds === undefined ? {} : { activeDeadlineSeconds: spec.activeDeadlineSeconds ?? deadlineSeconds };
    return { type: 'Change', object: { ...object, ...{ spec: { ...spec, containers, ...deadline } } } };
  };
}

function hasEnded(pod: KubernetesObject | undefined): boolean {
  const phase = (pod as Pod | undefined)?.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

function textOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function refusalOf(result: Result<unknown>): string {
  return result.ok ? '' : ` (refused: ${result.error.message})`;
}
