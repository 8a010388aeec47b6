import type { Pod } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
import type { ApiServer } from './api-server.ts';
import type { KubeletLatency } from './kubelet-latency.ts';
import { NodeOutages } from './node-outages.ts';
import type { Change } from './object-store.ts';
import { podLog, writtenLog } from './pod-log.ts';
import type { StoredPod } from './pod-run.ts';
import { type PodScript, podScript } from './pod-script.ts';
import { PodWorker } from './pod-worker.ts';

export interface KubeletOptions extends Partial<KubeletLatency> {
  /** Overrides what the Pod's labels say (`plan --assume`). */
  readonly assume?: (pod: Pod) => Partial<PodScript> | undefined;
  /** Nodes whose kubelet is cut off. Default: none ever is. */
  readonly outages?: NodeOutages;
}

/** The kubelets of all nodes: every Pod that is bound runs by its script (labels) in the clock's time; every step is an event. */
export class Kubelet {
  readonly #server: ApiServer;
  readonly #workers = new Map<string, PodWorker>();
  readonly #latency: KubeletLatency;
  readonly #assume: NonNullable<KubeletOptions['assume']>;
  readonly #outages: NodeOutages;

  constructor(server: ApiServer, options: KubeletOptions = {}) {
    this.#server = server;
    this.#assume = options.assume ?? (() => undefined);
    this.#outages = options.outages ?? new NodeOutages();
    this.#outages.onEnd((node) => this.#comeBack(node));
    const { noticeMs = 100, startMs = 1_000, initMs = 500, pullBackOffMs = 1_000 } = options;
    this.#latency = { noticeMs, startMs, initMs, pullBackOffMs };
    for (const object of server.store.values('Pod')) this.#consider(object as StoredPod);
    server.store.listen('Pod', (change) => this.#follow(change));
    server.setLogSource(
      (pod, options) => {
        const worker = this.#workers.get(pod.metadata.uid ?? '');
        const isCutOff = worker?.isLost === true || this.#outages.isOut(pod.spec.nodeName);
        return podLog({ pod, run: worker?.run, options, nowMs: server.clock.now(), isCutOff });
      },
      (pod, container) => writtenLog(this.#workers.get(pod.metadata.uid ?? '')?.run, { container }, server.clock.now()),
    );
  }

  /** What the kubelet does with a Pod: its labels, and what is assumed. */
  scriptOf(pod: Pod): PodScript {
    return { ...podScript(pod), ...this.#assume(pod) };
  }

  #follow({ type, object }: Change): void {
    const pod = object as StoredPod;
    if (type !== 'DELETED') {
      this.#consider(pod);
      return;
    }
    this.#workers.get(pod.metadata.uid)?.abandon();
    this.#workers.delete(pod.metadata.uid);
  }

  #consider(pod: StoredPod): void {
    if (pod.spec.nodeName === undefined || this.#outages.isOut(pod.spec.nodeName)) return;
    const worker = this.#workers.get(pod.metadata.uid);
    if (worker !== undefined) worker.update(pod);
    else if (!hasEnded(pod)) {
      const options = { server: this.#server, latency: this.#latency, outages: this.#outages, script: this.scriptOf(pod) };
      this.#workers.set(pod.metadata.uid, new PodWorker(pod, options));
    }
  }

  /** A node that was cut off: what was not heard is heard, what was hidden is told. */
  #comeBack(node: string): void {
    for (const object of [...this.#server.store.values('Pod')]) {
      const pod = object as StoredPod;
      if (pod.spec.nodeName !== node) continue;
      this.#consider(pod);
      this.#workers.get(pod.metadata.uid)?.report();
    }
  }
}
