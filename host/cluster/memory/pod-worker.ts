import type { Pod, PodStatus } from '#core/api/kubernetes.ts';
import type { Clock } from '../../clock.ts';
import type { ApiServer } from './api-server.ts';
import { loseNodeOf, preempt } from './disruption.ts';
import type { KubeletLatency } from './kubelet-latency.ts';
import type { NodeOutages } from './node-outages.ts';
import { terminationMessage } from './pod-log.ts';
import { acceptedRun, isRestarted, isRunning, type PodRun, resumedRun, type StoredPod, subjectOf } from './pod-run.ts';
import type { PodScript } from './pod-script.ts';
import { type PodPart, PodStart } from './pod-start.ts';
import { podStatus, rejectedStatus } from './pod-status.ts';
import { ended, killed } from './pod-steps.ts';
import { PodStop } from './pod-stop.ts';
import { Timers } from './timers.ts';
import { EVICTION, NODE_SHUTDOWN } from './verdicts.ts';

export interface PodWorkerOptions {
  readonly server: ApiServer;
  readonly latency: KubeletLatency;
  readonly outages: NodeOutages;
  readonly script: PodScript;
}

/** What a node does with one Pod, from its arrival to its end, step by step in the clock's time. */
export class PodWorker {
  readonly #server: ApiServer;
  readonly #clock: Clock;
  readonly #latency: KubeletLatency;
  readonly #outages: NodeOutages;
  /** Steps towards more containers; SIGTERM ends them. */
  readonly #steps: Timers;
  /** Ends of containers: their own and those that were asked for. */
  readonly #ends: Timers;
  #pod: StoredPod;
  #run: PodRun;
  /** The node fell silent, for ever. */
  #isLost = false;
  readonly #start: PodStart;
  readonly #stop: PodStop;

  constructor(pod: StoredPod, { server, latency, outages, script }: PodWorkerOptions) {
    this.#server = server;
    this.#clock = server.clock;
    this.#steps = new Timers(server.clock);
    this.#ends = new Timers(server.clock);
    this.#latency = latency;
    this.#outages = outages;
    this.#pod = pod;
    const nowMs = this.#clock.now();
    const isResumed = pod.status?.startTime !== undefined;
    this.#run = isResumed ? resumedRun(pod, script, nowMs) : acceptedRun(pod, script, nowMs + latency.noticeMs);
    const shared: PodPart = {
      clock: this.#clock,
      latency,
      steps: this.#steps,
      pod: () => this.#pod,
      run: () => this.#run,
      change: (run) => {
        this.#run = run;
      },
      write: () => this.#write(),
    };
    this.#start = new PodStart({ ...shared, onSubject: () => this.#scheduleEnd(this.#clock.now()) });
    this.#stop = new PodStop({
      ...shared,
      ends: this.#ends,
      exit: (exitCode) => this.#exit(exitCode),
      remove: () => this.#remove(),
    });
    const { deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      // Of one that was being deleted already, a part of the grace period is over.
      this.#stop.noticeDeletion(isResumed ? Math.max(0, Date.parse(deletionTimestamp) - nowMs) : undefined);
    } else if (isResumed) this.#resume();
    else this.#steps.after(latency.noticeMs, () => this.#accept());
    this.#stop.scheduleDeadline();
  }

  get run(): PodRun {
    return this.#stop.last ?? this.#run;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** The object has changed. */
  update(pod: StoredPod): void {
    const before = this.#pod;
    this.#pod = pod;
    if (this.#stop.hasEnded) return;
    if (pod.spec.activeDeadlineSeconds !== before.spec.activeDeadlineSeconds) this.#stop.scheduleDeadline();
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const isNews =
      deletionTimestamp !== before.metadata.deletionTimestamp || deletionGracePeriodSeconds !== before.metadata.deletionGracePeriodSeconds;
    if (deletionTimestamp !== undefined && isNews) this.#stop.noticeDeletion();
  }

  /** The node was cut off and is back: what was hidden is told. */
  report(): void {
    this.#write();
    if (this.#stop.hasEnded) this.#remove();
  }

  /** The object is gone. */
  abandon(): void {
    this.#stop.conclude();
  }

  #accept(): void {
    const { outcome, startDelayMs } = this.#run.script;
    this.#write();
    if (outcome === 'rejected') {
      this.#stop.conclude();
      this.#remove();
      return;
    }
    this.#steps.after(this.#latency.startMs + startDelayMs, () => this.#start.begin());
  }

  #resume(): void {
    const subject = subjectOf(this.#run);
    if (subject?.state.type === 'Running') this.#scheduleEnd(subject.state.startedMs);
    else if (subject?.state.type === 'Waiting') this.#steps.after(this.#latency.startMs, () => this.#start.begin());
  }

  #scheduleEnd(startedMs: number): void {
    const { outcome, runForMs } = this.#run.script;
    if (outcome === 'never') return;
    // Among the ends, for a container may also come to its own end while SIGTERM is on it.
    this.#ends.after(startedMs + runForMs - this.#clock.now(), () => this.#end());
  }

  /** The container that the script speaks about comes to its end by itself, or its node or cluster takes it. */
  #end(): void {
    const { outcome, exitCode } = this.#run.script;
    switch (outcome) {
      case 'fail':
        this.#exit(exitCode);
        break;
      case 'out-of-memory':
        this.#exit(137, 'OOMKilled');
        break;
      case 'evicted':
        this.#run = { ...killed(this.#run, this.#clock.now()), verdict: EVICTION };
        this.#stop.settle();
        break;
      case 'node-shutdown':
        this.#run = { ...this.#run, verdict: NODE_SHUTDOWN };
        this.#stop.begin();
        break;
      case 'node-lost':
        this.#isLost = true;
        loseNodeOf(this.#server, this.#pod);
        break;
      case 'preempted':
        preempt(this.#server, this.#pod);
        break;
      default:
        this.#exit(0);
    }
  }

  #exit(exitCode: number, reason?: string): void {
    const nowMs = this.#clock.now();
    const subject = subjectOf(this.#run);
    if (subject === undefined || !isRunning(subject)) return;
    const message = terminationMessage(this.#pod, this.#run, subject, exitCode, nowMs);
    const more = { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
    this.#run = ended(this.#run, subject.name, nowMs, { exitCode, ...more });
    if (!this.#run.isEnding && isRestarted(this.#pod, subject, exitCode)) this.#start.restart(subject.name);
    else if (!this.#run.isEnding && subject.role === 'Init' && exitCode === 0) this.#start.proceed();
    else this.#stop.settle();
  }

  /** The kubelet's own DELETE, once a Pod that somebody deletes has ended. */
  #remove(): void {
    const { metadata } = this.#pod;
    if (metadata.deletionTimestamp === undefined || this.#isSilent()) return;
    const address = { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name } as const;
    this.#server.delete(address, { uid: metadata.uid, gracePeriodSeconds: 0 }, 'kubelet');
  }

  #write(): void {
    if (this.#isSilent()) return;
    const nowMs = this.#clock.now();
    const { script, acceptedMs } = this.#run;
    const statusOf = (pod: Pod): PodStatus =>
      script.outcome === 'rejected' ? rejectedStatus(pod, acceptedMs) : podStatus(pod, this.#run, nowMs, this.#stop.last);
    this.#server.overwrite<Pod>(this.#pod, (pod) => ({ ...pod, status: statusOf(pod) }));
  }

  #isSilent(): boolean {
    return this.#isLost || this.#outages.isOut(this.#pod.spec.nodeName);
  }
}
