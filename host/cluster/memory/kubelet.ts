import type { Pod } from '#core/api/kubernetes.ts';
import type { Cancel, Clock } from '../../clock.ts';
import type { Result } from '../cluster.ts';
import type { ApiServer } from './api-server.ts';
import { preempt } from './disruption.ts';
import type { StoredObject } from './kinds.ts';
import { NodeOutages } from './node-outages.ts';
import type { Change } from './object-store.ts';
import { podLog } from './pod-log.ts';
import { acceptedRun, isRegular, isRunning, type PodRun, resumedRun, terminated, withStates, withUnknownStates } from './pod-run.ts';
import { type PodScript, podScript } from './pod-script.ts';
import { isPastDeadline, podStatus } from './pod-status.ts';

/** How long the kubelet's own steps take. */
export interface KubeletLatency {
  /** From a change of the Pod to the kubelet's acting on it. Default 100. */
  readonly noticeMs?: number;
  /** From accepting a Pod to its first container (sandbox, volumes, image). Default 1,000. */
  readonly startMs?: number;
  /** Run of each init container. Default 500. */
  readonly initMs?: number;
  /** From a first failed pull to the back-off. Default 1,000. */
  readonly pullBackOffMs?: number;
}

export interface KubeletOptions extends KubeletLatency {
  /** Overrides what the Pod's labels say (`plan --assume`). */
  readonly assume?: (pod: Pod) => Partial<PodScript> | undefined;
  /** Nodes whose kubelet is cut off. Default: none ever is. */
  readonly outages?: NodeOutages;
}

type StoredPod = StoredObject & Pod;

/** A Pod on a node, and the timers that move it on. */
interface Entry {
  pod: StoredPod;
  run: PodRun;
  /** Steps towards more containers; SIGTERM ends them. */
  readonly steps: Set<Cancel>;
  /** When containers that still run are killed; undefined: nobody asked them to end. */
  killAtMs?: number;
  readonly kills: Set<Cancel>;
  cancelDeadline: Cancel;
  hasReportedEnd: boolean;
}

const NO_CANCEL: Cancel = () => {};

/** The kubelets of all nodes: every Pod that is bound runs by its script (labels) in the clock's time; every step is an event. Containers are never restarted. */
export class Kubelet {
  readonly #server: ApiServer;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #latency: Required<KubeletLatency>;
  readonly #assume: NonNullable<KubeletOptions['assume']>;
  readonly #outages: NodeOutages;

  constructor(server: ApiServer, options: KubeletOptions = {}) {
    this.#server = server;
    this.#clock = server.clock;
    this.#assume = options.assume ?? (() => undefined);
    this.#outages = options.outages ?? new NodeOutages();
    this.#outages.onEnd((node) => this.#comeBack(node));
    const { noticeMs = 100, startMs = 1_000, initMs = 500, pullBackOffMs = 1_000 } = options;
    this.#latency = { noticeMs, startMs, initMs, pullBackOffMs };
    for (const object of server.store.values('Pod')) this.#consider(object as StoredPod);
    server.store.listen('Pod', (change) => this.#follow(change));
    server.setLogSource((pod, container) => this.#log(pod, container));
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
    const entry = this.#entries.get(pod.metadata.uid);
    if (entry === undefined) return;
    cancelAll(entry.steps, entry.kills);
    entry.cancelDeadline();
    this.#entries.delete(pod.metadata.uid);
  }

  /** A node that was cut off: what was hidden is told, what was not heard is heard. */
  #comeBack(node: string): void {
    for (const object of [...this.#server.store.values('Pod')]) {
      const pod = object as StoredPod;
      if (pod.spec.nodeName !== node) continue;
      this.#consider(pod);
      const entry = this.#entries.get(pod.metadata.uid);
      if (entry === undefined) continue;
      this.#write(entry);
      if (entry.hasReportedEnd) this.#remove(entry);
    }
  }

  #consider(pod: StoredPod): void {
    if (this.#outages.isOut(pod.spec.nodeName)) return;
    const entry = this.#entries.get(pod.metadata.uid);
    if (entry === undefined) {
      if (pod.spec.nodeName !== undefined && !hasEnded(pod)) this.#accept(pod);
      return;
    }
    const before = entry.pod;
    entry.pod = pod;
    if (entry.hasReportedEnd) return;
    if (pod.spec.activeDeadlineSeconds !== before.spec.activeDeadlineSeconds) this.#scheduleDeadline(entry);
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const isNews =
      deletionTimestamp !== before.metadata.deletionTimestamp || deletionGracePeriodSeconds !== before.metadata.deletionGracePeriodSeconds;
    if (deletionTimestamp !== undefined && isNews)
      this.#soon(entry.kills, () => this.#stop(entry, (deletionGracePeriodSeconds ?? 0) * 1_000));
  }

  #accept(pod: StoredPod): void {
    const nowMs = this.#clock.now();
    const script = this.scriptOf(pod);
    const isResumed = pod.status?.startTime !== undefined;
    const run = isResumed ? resumedRun(pod, script, nowMs) : acceptedRun(pod, script, nowMs + this.#latency.noticeMs);
    const entry: Entry = { pod, run, steps: new Set(), kills: new Set(), cancelDeadline: NO_CANCEL, hasReportedEnd: false };
    this.#entries.set(pod.metadata.uid, entry);
    const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
    if (deletionTimestamp !== undefined) this.#soon(entry.kills, () => this.#stop(entry, deletionGracePeriodSeconds * 1_000));
    else if (isResumed) this.#resume(entry);
    else {
      this.#step(entry, this.#latency.noticeMs, () => {
        this.#write(entry);
        this.#step(entry, this.#latency.startMs + script.startDelayMs, () => this.#begin(entry));
      });
    }
    this.#scheduleDeadline(entry);
  }

  #resume(entry: Entry): void {
    const main = entry.run.containers.find(({ role }) => role === 'Main');
    if (main?.state.type === 'Running') this.#scheduleEnd(entry, main.state.startedMs);
    else this.#step(entry, this.#latency.startMs, () => this.#begin(entry));
  }

  /** Starts the next init container, or, when none is left, the others. */
  #begin(entry: Entry): void {
    const nowMs = this.#clock.now();
    entry.run = { ...entry.run, hasSandbox: true };
    const next = entry.run.containers.find((container) => !isRegular(container) && container.state.type === 'Waiting');
    if (next === undefined) {
      this.#startMain(entry);
      return;
    }
    entry.run = withStates(
      entry.run,
      (container) => container === next,
      () => ({ type: 'Running', startedMs: nowMs }),
    );
    if (next.role === 'Sidecar') {
      this.#begin(entry);
      return;
    }
    this.#write(entry);
    this.#step(entry, this.#latency.initMs, () => {
      entry.run = withStates(
        entry.run,
        ({ name }) => name === next.name,
        (container) => terminated(container, this.#clock.now(), 0),
      );
      this.#begin(entry);
    });
  }

  #startMain(entry: Entry): void {
    const nowMs = this.#clock.now();
    const isPullFailing = entry.run.script.outcome === 'image-pull';
    entry.run = withStates(
      entry.run,
      (container) => isRegular(container) && container.state.type === 'Waiting' && !(isPullFailing && container.role === 'Main'),
      () => ({ type: 'Running', startedMs: nowMs }),
    );
    if (isPullFailing) {
      this.#failPull(entry, 'ErrImagePull', (image) => `failed to pull and unpack image "${image}": not found`);
      this.#step(entry, this.#latency.pullBackOffMs, () => {
        this.#failPull(entry, 'ImagePullBackOff', (image) => `Back-off pulling image "${image}": ErrImagePull: not found`);
      });
      return;
    }
    this.#write(entry);
    this.#scheduleEnd(entry, nowMs);
  }

  #failPull(entry: Entry, reason: string, message: (image: string) => string): void {
    entry.run = withStates(
      entry.run,
      ({ role }) => role === 'Main',
      ({ image }) => ({ type: 'Waiting', reason, message: message(image) }),
    );
    this.#write(entry);
  }

  #scheduleEnd(entry: Entry, startedMs: number): void {
    const { outcome, runForMs } = entry.run.script;
    if (outcome === 'never' || outcome === 'image-pull' || outcome === 'unschedulable') return;
    // Of kills, for a container may also come to its own end while SIGTERM is on it.
    this.#at(entry.kills, startedMs + runForMs - this.#clock.now(), () => this.#end(entry));
  }

  /** The agent's container comes to its end by itself, or its node or cluster takes it. */
  #end(entry: Entry): void {
    const { outcome, exitCode } = entry.run.script;
    switch (outcome) {
      case 'fail':
        this.#exit(entry, exitCode);
        break;
      case 'out-of-memory':
        this.#exit(entry, 137, 'OOMKilled');
        break;
      case 'evicted':
        entry.run = { ...withStates(entry.run, isRunning, (container) => terminated(container, this.#clock.now(), 137)), isEvicted: true };
        this.#settle(entry);
        break;
      case 'preempted':
        preempt(this.#server, entry.pod);
        break;
      default:
        this.#exit(entry, 0);
    }
  }

  #exit(entry: Entry, exitCode: number, reason?: string): void {
    entry.run = withStates(
      entry.run,
      (container) => container.role === 'Main' && isRunning(container),
      (container) => terminated(container, this.#clock.now(), exitCode, reason),
    );
    this.#settle(entry);
  }

  #scheduleDeadline(entry: Entry): void {
    entry.cancelDeadline();
    const seconds = entry.pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const dueMs = entry.run.acceptedMs + seconds * 1_000 - this.#clock.now();
    entry.cancelDeadline = this.#clock.after(Math.max(this.#latency.noticeMs, dueMs), () => {
      if (!entry.hasReportedEnd) this.#stop(entry, (entry.pod.spec.terminationGracePeriodSeconds ?? 30) * 1_000);
    });
  }

  /** SIGTERM to all that runs, SIGKILL after the grace period; a second call can only bring the end nearer. */
  #stop(entry: Entry, graceMs: number): void {
    if (entry.hasReportedEnd) return;
    const nowMs = this.#clock.now();
    const isFirst = entry.killAtMs === undefined;
    entry.killAtMs = Math.min(entry.killAtMs ?? Number.POSITIVE_INFINITY, nowMs + graceMs);
    this.#at(entry.kills, entry.killAtMs - nowMs, () => {
      entry.run = withStates(entry.run, isRunning, (container) => terminated(container, this.#clock.now(), 137));
      this.#settle(entry);
    });
    if (!isFirst) return;
    cancelAll(entry.steps);
    const { stopAfterMs, stopExitCode } = entry.run.script;
    entry.run = withStates(
      entry.run,
      (container) => isRunning(container) && container.role !== 'Main',
      (container) => terminated(container, nowMs, container.role === 'Init' ? 143 : 0),
    );
    const mainRuns = entry.run.containers.some((container) => container.role === 'Main' && isRunning(container));
    if (!mainRuns) this.#settle(entry);
    else {
      // Nothing but the conditions tells of a deadline until the containers have ended.
      if (isPastDeadline(entry.pod, entry.run, nowMs)) this.#write(entry);
      if (stopAfterMs < graceMs) this.#at(entry.kills, stopAfterMs, () => this.#exit(entry, stopExitCode));
    }
  }

  /** After a container ended: sidecars follow the last, and when nothing runs the end is reported. */
  #settle(entry: Entry): void {
    if (entry.hasReportedEnd) return;
    const nowMs = this.#clock.now();
    const isOver =
      entry.killAtMs !== undefined ||
      entry.run.containers.every((container) => !isRegular(container) || container.state.type === 'Terminated');
    if (isOver)
      entry.run = withStates(
        entry.run,
        (container) => container.role === 'Sidecar' && isRunning(container),
        (container) => terminated(container, nowMs, 0),
      );
    if (!isOver || entry.run.containers.some(isRunning)) {
      this.#write(entry);
      return;
    }
    entry.hasReportedEnd = true;
    cancelAll(entry.steps, entry.kills);
    entry.cancelDeadline();
    entry.run = withUnknownStates(entry.run, nowMs);
    this.#write(entry);
    this.#remove(entry);
  }

  /** The kubelet's own DELETE, once a Pod that somebody deletes has ended. */
  #remove(entry: Entry): void {
    const { metadata, spec } = entry.pod;
    if (metadata.deletionTimestamp === undefined || this.#outages.isOut(spec.nodeName)) return;
    const address = { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name } as const;
    this.#server.delete(address, { uid: metadata.uid, gracePeriodSeconds: 0 }, 'kubelet');
  }

  #write(entry: Entry): void {
    if (this.#outages.isOut(entry.pod.spec.nodeName)) return;
    const nowMs = this.#clock.now();
    this.#server.overwrite<Pod>(entry.pod, (pod) => {
      const status = podStatus(pod, entry.run, nowMs);
      // Who deletes a Pod before it came to run gets a failed one.
      const isCutShort = entry.hasReportedEnd && status.phase !== 'Succeeded' && status.phase !== 'Failed';
      return { ...pod, status: isCutShort ? { ...status, phase: 'Failed' } : status };
    });
  }

  #log(pod: Pod, container: string): Result<string> {
    return podLog(pod, this.#entries.get(pod.metadata.uid ?? '')?.run, container);
  }

  #step(entry: Entry, delayMs: number, run: () => void): void {
    this.#at(entry.steps, delayMs, run);
  }

  #soon(timers: Set<Cancel>, run: () => void): void {
    this.#at(timers, this.#latency.noticeMs, run);
  }

  #at(timers: Set<Cancel>, delayMs: number, run: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      timers.delete(cancel);
      run();
    });
    timers.add(cancel);
  }
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function cancelAll(...sets: Set<Cancel>[]): void {
  for (const timers of sets) {
    for (const cancel of timers) cancel();
    timers.clear();
  }
}
