import type { Pod, PodCondition } from '#core/api/kubernetes.ts';
import type { ApiServer } from './api-server.ts';
import { metaTime, type StoredObject } from './kinds.ts';
import { NodeOutages } from './node-outages.ts';
import type { PodScript } from './pod-script.ts';

export interface SchedulerOptions {
  /** Nodes by name, each with how many Pods it takes. Default: one node `node-1` for 110 Pods. */
  readonly nodes?: readonly { readonly name: string; readonly pods: number }[];
  /** From a Pod's creation to its binding. Default 100. */
  readonly delayMs?: number;
  /** What the Pod's labels say, and what is assumed. */
  readonly scriptOf: (pod: Pod) => PodScript;
  /** Nodes that take no new Pods because they are cut off. Default: none ever is. */
  readonly outages?: NodeOutages;
}

type StoredPod = StoredObject & Pod;

/** Binds each Pod to the node with the fewest Pods; who finds no place waits, visibly, until one is free. */
export class Scheduler {
  readonly #server: ApiServer;
  readonly #nodes: NonNullable<SchedulerOptions['nodes']>;
  readonly #delayMs: number;
  readonly #scriptOf: SchedulerOptions['scriptOf'];
  readonly #outages: NodeOutages;
  /** Node of each Pod that has not ended, by UID, and how many each node has. */
  readonly #places = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  /** Pods without node, by UID, oldest first. */
  readonly #waiting = new Map<string, StoredPod>();
  #isScheduled = false;

  constructor(server: ApiServer, options: SchedulerOptions) {
    this.#server = server;
    this.#nodes = options.nodes ?? [{ name: 'node-1', pods: 110 }];
    this.#delayMs = options.delayMs ?? 100;
    this.#scriptOf = options.scriptOf;
    this.#outages = options.outages ?? new NodeOutages();
    this.#outages.onEnd(() => {
      if (this.#waiting.size > 0) this.#schedule();
    });
    for (const object of server.store.values('Pod')) this.#consider(object as StoredPod);
    server.store.listen('Pod', ({ type, object }) => {
      if (type === 'DELETED') this.#release(object.metadata.uid);
      else this.#consider(object as StoredPod);
    });
  }

  #consider(pod: StoredPod): void {
    const { uid } = pod.metadata;
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') this.#release(uid);
    else if (pod.spec.nodeName !== undefined) {
      this.#occupy(uid, pod.spec.nodeName);
      this.#waiting.delete(uid);
    } else if (pod.metadata.deletionTimestamp !== undefined) {
      // Source: kubernetes pkg/scheduler, skipPodSchedule: a Pod that is being deleted is bound no more.
      this.#waiting.delete(uid);
    } else {
      const isNew = !this.#waiting.has(uid);
      this.#waiting.set(uid, pod);
      if (isNew) this.#schedule();
    }
  }

  #occupy(uid: string, node: string): void {
    if (this.#places.has(uid)) return;
    this.#places.set(uid, node);
    this.#counts.set(node, (this.#counts.get(node) ?? 0) + 1);
  }

  #release(uid: string): void {
    this.#waiting.delete(uid);
    const node = this.#places.get(uid);
    if (node === undefined) return;
    this.#places.delete(uid);
    this.#counts.set(node, (this.#counts.get(node) ?? 1) - 1);
    if (this.#waiting.size > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#server.clock.after(this.#delayMs, () => {
      this.#isScheduled = false;
      for (const pod of [...this.#waiting.values()]) this.#place(pod);
    });
  }

  #place(pod: StoredPod): void {
    if (this.#scriptOf(pod).outcome === 'unschedulable') {
      // One that a real scheduler refused keeps its words.
      if (!isRefused(pod)) this.#refuse(pod, "node(s) didn't match Pod's node affinity/selector");
      return;
    }
    const count = (name: string): number => this.#counts.get(name) ?? 0;
    const free = this.#nodes.filter(({ name, pods }) => count(name) < pods && !this.#outages.isOut(name));
    const node = free.reduce<string | undefined>(
      (best, { name }) => (best === undefined || count(name) < count(best) ? name : best),
      undefined,
    );
    if (node === undefined) this.#refuse(pod, 'Too many pods');
    else this.#bind(pod, node);
  }

  /** The binding writes the node and the condition, and leaves the generation as it is. */
  #bind(pod: StoredPod, nodeName: string): void {
    this.#server.overwrite<Pod>(pod, (current) => ({
      ...current,
      spec: { ...current.spec, nodeName },
      status: { ...current.status, conditions: this.#conditions(current, { status: 'True' }) },
    }));
  }

  #refuse(pod: StoredPod, why: string): void {
    const count = this.#nodes.length;
    const message = `0/${count} nodes are available: ${count} ${why}. preemption: 0/${count} nodes are available: ${count} Preemption is not helpful for scheduling.`;
    const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (before?.message === message) return;
    this.#server.overwrite<Pod>(pod, (current) => ({
      ...current,
      status: { ...current.status, conditions: this.#conditions(current, { status: 'False', reason: 'Unschedulable', message }) },
    }));
  }

  #conditions(pod: Pod, scheduled: Pick<PodCondition, 'status' | 'reason' | 'message'>): PodCondition[] {
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
    const times = { lastProbeTime: null, lastTransitionTime: metaTime(this.#server.clock.now()) };
    return [...others, { type: 'PodScheduled', observedGeneration: pod.metadata.generation ?? 1, ...scheduled, ...times }];
  }
}

function isRefused({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'False') === true;
}
