import type { Pod, PodStatus } from '#core/api/kubernetes.ts';
import type { Clock } from '../../clock.ts';
import type { ApiServer } from './api-server.ts';
import { loseNodeOf, preempt } from './disruption.ts';
import type { KubeletLatency } from './kubelet-latency.ts';
import type { NodeOutages } from './node-outages.ts';
import { terminationMessage } from './pod-log.ts';
import { acceptedRun, isRestarted, isRunning, type PodRun, resumedRun, type StoredPod, subjectOf } from './pod-run.ts';
import type { PodScript } from './pod-script.ts';
import { PodStart } from './pod-start.ts';
import { isOver, isPastDeadline, podStatus, rejectedStatus } from './pod-status.ts';
import { ended, killed, sidecarsEnded, signalled, withUnknownStates } from './pod-steps.ts';
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
  readonly #deadline: Timers;
  #pod: StoredPod;
  #run: PodRun;
  /** What is said of the containers once the Pod is let go. */
  #last: PodRun | undefined;
  /** When containers that still run are killed; undefined: nobody asked them to end. */
  #killAtMs: number | undefined;
  #hasEnded = false;
  /** The node fell silent, for ever. */
  #isLost = false;
  readonly #start: PodStart;

  constructor(pod: StoredPod, { server, latency, outages, script }: PodWorkerOptions) {
    this.#server = server;
    this.#clock = server.clock;
    this.#steps = new Timers(server.clock);
    this.#ends = new Timers(server.clock);
    this.#deadline = new Timers(server.clock);
    this.#latency = latency;
    this.#outages = outages;
    this.#pod = pod;
    const nowMs = this.#clock.now();
    const isResumed = pod.status?.startTime !== undefined;
    this.#run = isResumed ? resumedRun(pod, script, nowMs) : acceptedRun(pod, script, nowMs + latency.noticeMs);
    this.#start = new PodStart({
      clock: this.#clock,
      latency,
      steps: this.#steps,
      pod: () => this.#pod,
      run: () => this.#run,
      change: (run) => {
        this.#run = run;
      },
      write: () => this.#write(),
      onSubject: () => this.#scheduleEnd(this.#clock.now()),
    });
    const { deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      // Of one that was being deleted already, a part of the grace period is over.
      this.#noticeDeletion(isResumed ? Math.max(0, Date.parse(deletionTimestamp) - nowMs) : undefined);
    } else if (isResumed) this.#resume();
    else this.#steps.after(latency.noticeMs, () => this.#accept());
    this.#scheduleDeadline();
  }

  get run(): PodRun {
    return this.#last ?? this.#run;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** The object has changed. */
  update(pod: StoredPod): void {
    const before = this.#pod;
    this.#pod = pod;
    if (this.#hasEnded) return;
    if (pod.spec.activeDeadlineSeconds !== before.spec.activeDeadlineSeconds) this.#scheduleDeadline();
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const isNews =
      deletionTimestamp !== before.metadata.deletionTimestamp || deletionGracePeriodSeconds !== before.metadata.deletionGracePeriodSeconds;
    if (deletionTimestamp !== undefined && isNews) this.#noticeDeletion();
  }

  /** The node was cut off and is back: what was hidden is told. */
  report(): void {
    this.#write();
    if (this.#hasEnded) this.#remove();
  }

  /** The object is gone. */
  abandon(): void {
    this.#hasEnded = true;
    this.#cancelAll();
  }

  #accept(): void {
    const { outcome, startDelayMs } = this.#run.script;
    this.#write();
    if (outcome === 'rejected') {
      this.#hasEnded = true;
      this.#cancelAll();
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
        this.#settle();
        break;
      case 'node-shutdown':
        this.#run = { ...this.#run, verdict: NODE_SHUTDOWN };
        this.#stop(this.#graceMs());
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
    else this.#settle();
  }

  #scheduleDeadline(): void {
    this.#deadline.cancel();
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const dueMs = this.#run.acceptedMs + seconds * 1_000 - this.#clock.now();
    this.#deadline.after(Math.max(this.#latency.noticeMs, dueMs), () => {
      if (!this.#hasEnded) this.#stop(this.#graceMs());
    });
  }

  #graceMs(): number {
    return (this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1_000;
  }

  /** SIGTERM to all that runs, SIGKILL after the grace period; a second call can only bring the end nearer. */
  #stop(graceMs: number): void {
    if (this.#hasEnded) return;
    const nowMs = this.#clock.now();
    const isFirst = this.#killAtMs === undefined;
    this.#killAtMs = Math.min(this.#killAtMs ?? Number.POSITIVE_INFINITY, nowMs + graceMs);
    this.#ends.after(this.#killAtMs - nowMs, () => {
      this.#run = killed(this.#run, this.#clock.now());
      this.#settle();
    });
    if (!isFirst) return;
    this.#steps.cancel();
    const { stopAfterMs, stopExitCode } = this.#run.script;
    const subject = subjectOf(this.#run);
    this.#run = { ...signalled(this.#run, nowMs, subject?.name), isEnding: true };
    if (subject === undefined || !isRunning(subject)) this.#settle();
    else {
      // Nothing but the conditions tells of a deadline until the containers have ended.
      if (isPastDeadline(this.#pod, this.#run, nowMs)) this.#write();
      if (stopAfterMs < graceMs) this.#ends.after(stopAfterMs, () => this.#exit(stopExitCode));
    }
  }

  /** After a container ended: sidecars follow the last, and when nothing runs the end is reported. */
  #settle(): void {
    if (this.#hasEnded) return;
    const nowMs = this.#clock.now();
    const running = this.#run.containers.filter(isRunning);
    if (this.#killAtMs === undefined && !isOver(this.#pod, this.#run, nowMs)) {
      this.#write();
      return;
    }
    if (running.length > 0) {
      this.#write();
      if (running.every(({ role }) => role === 'Sidecar')) {
        this.#ends.after(this.#latency.noticeMs, () => {
          this.#run = sidecarsEnded(this.#run, this.#clock.now());
          this.#settle();
        });
      }
      return;
    }
    this.#hasEnded = true;
    this.#cancelAll();
    this.#run = { ...this.#run, wasPastDeadline: isPastDeadline(this.#pod, this.#run, nowMs) };
    const last = withUnknownStates(this.#run, nowMs);
    const isTold = isOver(this.#pod, this.#run, nowMs);
    if (isTold) this.#write();
    if (isTold && last !== this.#run) this.#ends.after(this.#latency.noticeMs, () => this.#letGo(last));
    else this.#letGo(last);
  }

  /** The kubelet's last word: what it can't find has failed. */
  #letGo(last: PodRun): void {
    if (!isOver(this.#pod, this.#run, this.#clock.now()) || last !== this.#run) {
      this.#last = last;
      this.#write();
    }
    this.#remove();
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
      script.outcome === 'rejected' ? rejectedStatus(pod, acceptedMs) : podStatus(pod, this.#run, nowMs, this.#last);
    this.#server.overwrite<Pod>(this.#pod, (pod) => ({ ...pod, status: statusOf(pod) }));
  }

  #noticeDeletion(graceMs = (this.#pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000): void {
    this.#ends.after(this.#latency.noticeMs, () => this.#stop(graceMs));
  }

  #isSilent(): boolean {
    return this.#isLost || this.#outages.isOut(this.#pod.spec.nodeName);
  }

  #cancelAll(): void {
    this.#steps.cancel();
    this.#ends.cancel();
    this.#deadline.cancel();
  }
}
