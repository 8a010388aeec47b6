import type { Pod, PodCondition } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
import type { ApiServer } from './api-server.ts';
import { preempt } from './disruption.ts';
import { metaTime } from './kinds.ts';
import { NodeOutages } from './node-outages.ts';
import type { StoredPod } from './pod-run.ts';
import type { PodScript } from './pod-script.ts';
import { findVictim } from './preemption.ts';

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

/** Binds each Pod to the node with the fewest Pods; who finds no place waits, visibly, until one is free or one of lower priority has given way. */
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
    if (hasEnded(pod)) this.#release(uid);
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
      if (!isRefused(pod)) this.#refuse(pod, () => UNFIT);
      return;
    }
    const count = (name: string): number => this.#counts.get(name) ?? 0;
    const free = this.#nodes.filter(({ name, pods }) => count(name) < pods && !this.#outages.isOut(name));
    const node = free.reduce<string | undefined>(
      (best, { name }) => (best === undefined || count(name) < count(best) ? name : best),
      undefined,
    );
    if (node === undefined) this.#refuse(pod, (name) => (this.#outages.isOut(name) ? TAINTED : FULL));
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

  #refuse(pod: StoredPod, whyNot: (node: string) => Refusal): void {
    const refusals = this.#nodes.map(({ name }) => whyNot(name));
    const full = this.#nodes.filter((_, index) => refusals[index] === FULL).map(({ name }) => name);
    const preemption = findVictim(this.#server, pod, full);
    const hopes = preemption.type === 'None' ? ` preemption: ${inSum(refusals.map(({ hope }) => hope))}` : '';
    const message = `${inSum(refusals.map(({ reason }) => reason))}${hopes}`;
    const nominated = preemption.type === 'Victim' ? { nominatedNodeName: preemption.node } : {};
    const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (before?.message !== message || preemption.type === 'Victim') {
      const conditions = this.#conditions(pod, { status: 'False', reason: 'Unschedulable', message });
      this.#server.overwrite<Pod>(pod, (current) => ({ ...current, status: { ...current.status, ...nominated, conditions } }));
    }
    if (preemption.type === 'Victim') preempt(this.#server, preemption.pod);
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

/** Why a node does not take a Pod, and what that means for preemption. Source: kubernetes pkg/scheduler/framework/plugins and preemption.go. */
interface Refusal {
  readonly reason: string;
  readonly hope: string;
}

const NOT_HELPFUL = 'Preemption is not helpful for scheduling';
const FULL: Refusal = { reason: 'Too many pods', hope: 'No preemption victims found for incoming pod' };
const UNFIT: Refusal = { reason: "node(s) didn't match Pod's node affinity/selector", hope: NOT_HELPFUL };
const TAINTED: Refusal = { reason: 'node(s) had untolerated taint(s)', hope: NOT_HELPFUL };

/** A scheduler's sum: how many nodes said what. Source: kubernetes pkg/scheduler/framework/types.go, FitError. */
function inSum(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const texts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${reasons.length} nodes are available: ${texts.join(', ')}.`;
}
