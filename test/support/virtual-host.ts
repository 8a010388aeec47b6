import type { KubernetesObject, PodStatus } from '#core/api/kubernetes.ts';
import type { Action } from '#core/contract/decision.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Outcome, Subject } from '#core/contract/snapshot.ts';
import type { Clock } from '#host/clock.ts';
import type { Cluster, Result } from '#host/cluster/cluster.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import type { Call, Faults } from '#host/cluster/memory/faults.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { type Caches, type CachesOptions, openCaches } from '#host/controller/caches.ts';
import { type Controller, type ControllerOptions, createController } from '#host/controller/controller.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';
import type { Sessions } from '#host/controller/effects.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { Log } from '#host/observe/log.ts';
import { VirtualClock } from '#host/virtual-clock.ts';

/** A write at the API server, as it was asked for. */
interface Written {
  readonly verb: Call['verb'];
  readonly kind: Kind;
  readonly name: string;
  readonly subresource?: 'status';
}

export interface VirtualHostOptions {
  readonly engine: Engine;
  readonly faults?: Faults;
  readonly caches?: Partial<Pick<CachesOptions, 'namespaces' | 'taskSelector'>>;
  readonly controller?: Partial<
    Pick<ControllerOptions, 'maxConcurrentReconciles' | 'taskSelector' | 'metrics' | 'settings' | 'redactLog' | 'around'>
  >;
  readonly sessions?: Sessions;
  /** A whole cluster with its own kubelet; absent: an API server alone, and the test is the kubelet. */
  readonly world?: World;
  /** Name of this host at the API server, and its identity. Default `host`. */
  readonly name?: string;
  /** How far the controller's monotonic clock is ahead of virtual time: for what decisions cost. Default 0. */
  readonly monotonicAheadMs?: () => number;
  /** Wraps the host's way to the cluster. */
  readonly wrap?: (cluster: Cluster) => Cluster;
}

/** The controller on a memory cluster in virtual time, with all that it did. Kubelet and scheduler are the test's own hand: `podStatus`. */
export interface VirtualHost {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  readonly caches: Caches;
  readonly controller: Controller;
  /** Writes of the host that reached the API server, in order. */
  readonly writes: readonly Written[];
  readonly reads: readonly Written[];
  readonly decisions: readonly { readonly subject: Subject; readonly deliberation: Deliberation }[];
  readonly acts: readonly { readonly subject: Subject; readonly action: Action; readonly outcome: Outcome }[];
  readonly warnings: readonly string[];
  readonly leading: AbortController;
  put(object: KubernetesObject & { readonly kind: Kind }): KubernetesObject;
  get<T extends KubernetesObject>(kind: Kind, namespace: string, name: string): T | undefined;
  podStatus(namespace: string, name: string, status: PodStatus): void;
  /** As SIGKILL: nothing that is in flight is heard of again, and nothing more is sent. */
  kill(): void;
  /** Starts the controller and lets all that is due happen. */
  start(): Promise<void>;
  count(verb: Call['verb'], kind: Kind): number;
}

const NO_SESSIONS: Sessions = {
  summary: async () => ({ ok: true, value: null }),
  abort: async () => ({ ok: true, value: null }),
};

export function virtualHost(options: VirtualHostOptions): VirtualHost {
  const { name: hostName = 'host' } = options;
  const clock = options.world?.clock ?? new VirtualClock();
  const server = options.world?.server ?? new ApiServer({ clock, freeze: true });
  const writes: Written[] = [];
  const reads: Written[] = [];
  const decisions: { subject: Subject; deliberation: Deliberation }[] = [];
  const acts: { subject: Subject; action: Action; outcome: Outcome }[] = [];
  const warnings: string[] = [];
  const faults: Faults = {
    ...options.faults,
    onCall: (call) => {
      const { verb, kind, name, subresource } = call;
      const written = { verb, kind, name, ...(subresource === undefined ? {} : { subresource }) };
      if (['create', 'replace', 'patch', 'delete'].includes(verb)) writes.push(written);
      else reads.push(written);
      return options.faults?.onCall?.(call);
    },
  };
  const memory = new MemoryCluster(server, { client: hostName, faults });
  const cluster = options.wrap?.(memory) ?? memory;
  const life = new AbortController();
  const leading = new AbortController();
  const { monotonicAheadMs = () => 0 } = options;
  const controllerClock: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + monotonicAheadMs(),
    after: (delayMs, fire) => clock.after(delayMs, fire),
    random: () => clock.random(),
  };
  const caches = openCaches({ cluster, clock, signal: life.signal, ...options.caches });
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: (message) => warnings.push(message),
    error: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`),
    enabled: () => true,
  };
  const controller = createController({
    cluster,
    clock: controllerClock,
    engine: options.engine,
    caches,
    sessions: options.sessions ?? NO_SESSIONS,
    log,
    identity: hostName,
    settings: { referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
    hooks: {
      decided: (subject, deliberation) => decisions.push({ subject, deliberation }),
      acted: (subject, action, outcome) => acts.push({ subject, action, outcome }),
    },
    ...options.controller,
  });
  return {
    clock,
    server,
    caches,
    controller,
    writes,
    reads,
    decisions,
    acts,
    warnings,
    leading,
    put: (object) => unwrap(server.create(object)),
    get: <T extends KubernetesObject>(kind: Kind, namespace: string, name: string) =>
      server.find({ kind, namespace, name }) as T | undefined,
    podStatus: (namespace, name, status) => {
      unwrap(server.patch({ kind: 'Pod', namespace, name }, { status }, { patchType: 'merge', subresource: 'status' }));
    },
    kill: () => {
      leading.abort(new Error('killed'));
      life.abort(new Error('killed'));
    },
    start: async () => {
      void controller.start(leading.signal);
      await clock.advance(2_000);
    },
    count: (verb, kind) => writes.filter((write) => write.verb === verb && write.kind === kind).length,
  };
}

function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`the memory API server refused what a test asked for: ${JSON.stringify(result.error)}`);
}
