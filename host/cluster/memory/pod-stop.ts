import { isRunning, type PodRun, subjectOf } from './pod-run.ts';
import type { PodPart } from './pod-start.ts';
import { isOver, isPastDeadline } from './pod-status.ts';
import { killed, sidecarsEnded, signalled, withUnknownStates } from './pod-steps.ts';
import { Timers } from './timers.ts';

export interface PodStopOptions extends PodPart {
  /** Ends of containers: their own and those that were asked for. */
  readonly ends: Timers;
  /** The container that the script speaks about comes to its end. */
  readonly exit: (exitCode: number) => void;
  /** The kubelet's own DELETE. */
  readonly remove: () => void;
}

/** Brings a Pod's containers to their end, by deletion, deadline or shutdown: SIGTERM, SIGKILL after the grace period, sidecars last; and lets the Pod go when nothing runs. */
export class PodStop {
  readonly #options: PodStopOptions;
  readonly #deadline: Timers;
  /** When containers that still run are killed; undefined: nobody asked them to end. */
  #killAtMs: number | undefined;
  #hasEnded = false;
  #last: PodRun | undefined;

  constructor(options: PodStopOptions) {
    this.#options = options;
    this.#deadline = new Timers(options.clock);
  }

  /** Whether all is over, so that nothing of the Pod happens any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What is said of the containers once the Pod is let go. */
  get last(): PodRun | undefined {
    return this.#last;
  }

  /** Waits for activeDeadlineSeconds as it is now. */
  scheduleDeadline(): void {
    const { clock, latency, pod, run } = this.#options;
    this.#deadline.cancel();
    const seconds = pod().spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const dueMs = run().acceptedMs + seconds * 1_000 - clock.now();
    this.#deadline.after(Math.max(latency.noticeMs, dueMs), () => this.begin());
  }

  /** Somebody deletes the Pod. Default: with the grace period of the deletion. */
  noticeDeletion(graceMs = (this.#options.pod().metadata.deletionGracePeriodSeconds ?? 0) * 1_000): void {
    const { ends, latency } = this.#options;
    ends.after(latency.noticeMs, () => this.begin(graceMs));
  }

  /** SIGTERM to all that runs, SIGKILL after the grace period, by default the Pod's own; a second call can only bring the end nearer. */
  begin(graceMs = (this.#options.pod().spec.terminationGracePeriodSeconds ?? 30) * 1_000): void {
    if (this.#hasEnded) return;
    const { clock, steps, ends, pod, run, change, write, exit } = this.#options;
    const nowMs = clock.now();
    const isFirst = this.#killAtMs === undefined;
    this.#killAtMs = Math.min(this.#killAtMs ?? Number.POSITIVE_INFINITY, nowMs + graceMs);
    ends.after(this.#killAtMs - nowMs, () => {
      change(killed(run(), clock.now()));
      this.settle();
    });
    if (!isFirst) return;
    steps.cancel();
    const { stopAfterMs, stopExitCode } = run().script;
    const subject = subjectOf(run());
    change({ ...signalled(run(), nowMs, subject?.name), isEnding: true });
    if (subject === undefined || !isRunning(subject)) this.settle();
    else {
      // Nothing but the conditions tells of a deadline until the containers have ended.
      if (isPastDeadline(pod(), run(), nowMs)) write();
      if (stopAfterMs < graceMs) ends.after(stopAfterMs, () => exit(stopExitCode));
    }
  }

  /** After a container ended: sidecars follow the last, and when nothing runs the end is reported. */
  settle(): void {
    if (this.#hasEnded) return;
    const { clock, latency, ends, pod, run, change, write } = this.#options;
    const nowMs = clock.now();
    const running = run().containers.filter(isRunning);
    if (this.#killAtMs === undefined && !isOver(pod(), run(), nowMs)) {
      write();
      return;
    }
    if (running.length > 0) {
      write();
      if (running.every(({ role }) => role === 'Sidecar')) {
        ends.after(latency.noticeMs, () => {
          change(sidecarsEnded(run(), clock.now()));
          this.settle();
        });
      }
      return;
    }
    this.conclude();
    change({ ...run(), wasPastDeadline: isPastDeadline(pod(), run(), nowMs) });
    const last = withUnknownStates(run(), nowMs);
    const isTold = isOver(pod(), run(), nowMs);
    if (isTold) write();
    if (isTold && last !== run()) ends.after(latency.noticeMs, () => this.#letGo(last));
    else this.#letGo(last);
  }

  /** All is over: what was to come does not. */
  conclude(): void {
    this.#hasEnded = true;
    this.#options.steps.cancel();
    this.#options.ends.cancel();
    this.#deadline.cancel();
  }

  /** The kubelet's last word: what it can't find has failed. */
  #letGo(last: PodRun): void {
    const { clock, pod, run, write, remove } = this.#options;
    if (!isOver(pod(), run(), clock.now()) || last !== run()) {
      this.#last = last;
      write();
    }
    remove();
  }
}
