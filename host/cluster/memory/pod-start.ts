import type { Clock } from '../../clock.ts';
import type { KubeletLatency } from './kubelet-latency.ts';
import { missingReference } from './pod-references.ts';
import { isRegular, type PodRun, type StoredPod, subjectOf } from './pod-run.ts';
import { backedOff, ended, held, nextInit, regularStarted, restarted, started } from './pod-steps.ts';
import type { Timers } from './timers.ts';

/** A kubelet's back-off, of pulls and of restarts: doubled from the first to the last. Source: kubernetes pkg/kubelet/kubelet.go, imageBackOffPeriod, MaxImageBackOff, MaxCrashLoopBackOff. */
const FIRST_BACK_OFF_MS = 10_000;
const LAST_BACK_OFF_MS = 300_000;

/** What a part of a Pod's life, its start or its stop, asks of the one who does the rest. */
export interface PodPart {
  readonly clock: Clock;
  readonly latency: KubeletLatency;
  /** Steps towards more containers; SIGTERM ends them. */
  readonly steps: Timers;
  readonly pod: () => StoredPod;
  readonly run: () => PodRun;
  readonly change: (run: PodRun) => void;
  readonly write: () => void;
}

export interface PodStartOptions extends PodPart {
  /** The container that the script speaks about runs since now. */
  readonly onSubject: () => void;
}

/** Brings a Pod's containers up: sandbox, init containers and sidecars one after the other, then the others; each image before its container. */
export class PodStart {
  readonly #options: PodStartOptions;

  constructor(options: PodStartOptions) {
    this.#options = options;
  }

  /** Makes the sandbox and starts the first container. */
  begin(): void {
    const { run, change } = this.#options;
    change({ ...run(), hasSandbox: true });
    this.proceed();
  }

  /** Starts the next init container or, when none is left, the others. */
  proceed(): void {
    const { run, change, clock } = this.#options;
    const next = nextInit(run());
    if (next === undefined) {
      this.#startRegular();
      return;
    }
    const { name, role } = next;
    const start = (): void => {
      change(started(run(), name, clock.now()));
      if (role === 'Sidecar') this.proceed();
      else this.#runInit(name);
    };
    if (name === run().script.container) this.#obtain(name, start);
    else start();
  }

  /** Starts a container again that has ended: at once the first time, then later and later. */
  restart(name: string): void {
    const { run, change, write, steps, clock, latency, pod, onSubject } = this.#options;
    write();
    const count = run().containers.find((container) => container.name === name)?.restartCount ?? 0;
    const start = (): void => {
      change(restarted(run(), name, clock.now()));
      write();
      onSubject();
    };
    steps.after(latency.noticeMs, () => {
      if (count === 0) {
        start();
        return;
      }
      const { namespace, name: podName, uid } = pod().metadata;
      const what = `restarting failed container=${name} pod=${podName}_${namespace}(${uid})`;
      change(backedOff(run(), name, `back-off ${durationText(backOffMs(count))} ${what}`));
      write();
      steps.after(backOffMs(count), start);
    });
  }

  #runInit(name: string): void {
    const { run, change, write, steps, clock, latency, onSubject } = this.#options;
    write();
    if (subjectOf(run())?.name === name) {
      onSubject();
      return;
    }
    steps.after(latency.initMs, () => {
      change(ended(run(), name, clock.now(), { exitCode: 0 }));
      this.proceed();
    });
  }

  #startRegular(): void {
    const { run, change, write, clock, onSubject } = this.#options;
    const subject = subjectOf(run());
    if (subject === undefined || !isRegular(subject)) {
      change(regularStarted(run(), clock.now()));
      write();
      return;
    }
    const start = (): void => {
      change(regularStarted(run(), clock.now()));
      write();
      onSubject();
    };
    // The others start beside one that has to wait.
    this.#obtain(subject.name, start, () => change(regularStarted(run(), clock.now(), subject.name)));
  }

  /** Has the image pulled and the container made, then starts it; `onHeld` is called when it has to wait. */
  #obtain(name: string, start: () => void, onHeld: () => void = () => {}): void {
    const { outcome, pullForMs, pullFailures } = this.#options.run().script;
    if (outcome === 'invalid-image') {
      const image = this.#imageOf(name);
      const why = `couldn't parse image name "${image}": invalid reference format${unlike(image)}`;
      const text = `Failed to apply default image tag "${image}": ${why}`;
      this.#hold(name, 'InvalidImageName', text, onHeld);
    } else if (outcome === 'image-pull' || pullForMs > 0 || pullFailures > 0) {
      this.#options.write();
      this.#pull(name, 1, start, onHeld);
    } else this.#make(name, start, onHeld);
  }

  #pull(name: string, attempt: number, start: () => void, onHeld: () => void): void {
    const { steps, run, latency } = this.#options;
    const { outcome, pullForMs, pullFailures } = run().script;
    steps.after(pullForMs, () => {
      if (outcome !== 'image-pull' && attempt > pullFailures) {
        this.#make(name, start, onHeld);
        return;
      }
      const image = this.#imageOf(name);
      const why = `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
      this.#hold(name, 'ErrImagePull', why, onHeld);
      steps.after(latency.pullBackOffMs, () => {
        this.#hold(name, 'ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${why}`, onHeld);
      });
      steps.after(backOffMs(attempt), () => this.#pull(name, attempt + 1, start, onHeld));
    });
  }

  #make(name: string, start: () => void, onHeld: () => void): void {
    if (this.#options.run().script.outcome !== 'config-error') start();
    else this.#hold(name, 'CreateContainerConfigError', missingReference(this.#options.pod(), name), onHeld);
  }

  #hold(name: string, reason: string, message: string, onHeld: () => void): void {
    const { run, change, write } = this.#options;
    change(held(run(), name, reason, message));
    onHeld();
    write();
  }

  #imageOf(name: string): string {
    return this.#options.run().containers.find((container) => container.name === name)?.image ?? '';
  }
}

/** After so many failures. */
function backOffMs(failures: number): number {
  return Math.min(FIRST_BACK_OFF_MS * 2 ** (failures - 1), LAST_BACK_OFF_MS);
}

/** A Go duration in whole seconds: `10s`, `2m40s`. */
function durationText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${minutes === 0 ? '' : `${minutes}m`}${(ms % 60_000) / 1_000}s`;
}

/** What is wrong with an image's name, where that is known. Source: distribution/reference, ParseNormalizedNamed. */
function unlike(image: string): string {
  const [first = '', ...rest] = image.replace(/:[^/]*$/, '').split('/');
  const repository = /[.:]/.test(first) && rest.length > 0 ? rest.join('/') : [first, ...rest].join('/');
  return /[A-Z]/.test(repository) ? `: repository name (${repository}) must be lowercase` : '';
}
