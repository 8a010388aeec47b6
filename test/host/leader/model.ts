import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Cancel, Clock } from '#host/clock.ts';
import type { Cluster, Result } from '#host/cluster/cluster.ts';
import type { Elector } from '#host/leader/elector.ts';
import { createElector } from '#host/leader/elector.ts';
import type { VirtualClock } from '#host/virtual-clock.ts';

export const DURATIONS = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };
const LEASE = { namespace: 'kube-system', name: 'kubeopencode.io' };

/** The API server's one Lease with its optimistic lock, in the model's time. */
export class LeaseServer {
  #lease: KubernetesObject | undefined;
  #version = 0;
  writes = 0;

  get(): Result<KubernetesObject> {
    return this.#lease ? { ok: true, value: this.#lease } : refused(404, 'NotFound');
  }

  create(object: KubernetesObject): Result<KubernetesObject> {
    return this.#lease ? refused(409, 'AlreadyExists') : this.#write(object);
  }

  replace(object: KubernetesObject): Result<KubernetesObject> {
    if (this.#lease === undefined) return refused(404, 'NotFound');
    if (object.metadata.resourceVersion !== this.#lease.metadata.resourceVersion) return refused(409, 'Conflict');
    return this.#write(object);
  }

  remove(): void {
    this.#lease = undefined;
  }

  #write(object: KubernetesObject): Result<KubernetesObject> {
    this.writes += 1;
    this.#version += 1;
    this.#lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    return { ok: true, value: this.#lease };
  }
}

function refused(code: number, reason: string): Result<KubernetesObject> {
  return { ok: false, error: { type: 'Refused', code, reason, message: reason } };
}

export interface NodeOptions {
  /** Speed of this node's clock: 1.05 runs 5 % fast. */
  readonly rate?: number;
  /** What this node's wall clock is ahead by. */
  readonly wallOffsetMs?: number;
  readonly maxLatencyMs?: number;
  /** A supervisor starts the process anew this long after it ended; absent: never. */
  readonly restartAfterMs?: number;
}

/** One replica: its process can be paused (everything that falls due waits), cut off from the server, or crash for good. */
export class Node implements Clock {
  readonly name: string;
  readonly #world: VirtualClock;
  readonly #server: LeaseServer;
  readonly #options: Required<Omit<NodeOptions, 'restartAfterMs'>> & NodeOptions;
  #paused = false;
  #cut = false;
  #held: (() => void)[] = [];
  #life = 0;
  #elector: Elector | undefined;
  #signal: AbortSignal | undefined;
  readonly ends: ('Lost' | 'Released')[] = [];
  readonly failures: string[] = [];
  starts = 0;

  constructor(name: string, world: VirtualClock, server: LeaseServer, options: NodeOptions = {}) {
    this.name = name;
    this.#world = world;
    this.#server = server;
    this.#options = { rate: 1, wallOffsetMs: 0, maxLatencyMs: 50, ...options };
  }

  start(): void {
    this.#life += 1;
    const life = this.#life;
    this.#signal = undefined;
    const elector = createElector({
      cluster: this.#cluster(life),
      clock: this.#clockOf(life),
      lease: LEASE,
      config: { identity: `${this.name}_${life}`, ...DURATIONS },
      onStartedLeading: (signal) => {
        this.starts += 1;
        this.#signal = signal;
      },
      onCallFailed: (call, message) => this.failures.push(`${call}: ${message}`),
    });
    this.#elector = elector;
    void elector.run().then((outcome) => {
      if (life !== this.#life) return;
      this.ends.push(outcome);
      const { restartAfterMs } = this.#options;
      if (restartAfterMs !== undefined) this.#clockOf(life).after(restartAfterMs, () => this.start());
    });
  }

  release(): void {
    this.#elector?.release();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const due = this.#held;
    this.#held = [];
    for (const run of due) run();
  }

  cut(): void {
    this.#cut = true;
  }

  mend(): void {
    this.#cut = false;
  }

  crash(): void {
    this.#life += 1;
    this.#elector = undefined;
    this.#signal = undefined;
  }

  /** Whether this process does the leader's work right now: it runs, and nothing told it to stop. */
  acts(): boolean {
    return !this.#paused && this.#signal !== undefined && !this.#signal.aborted;
  }

  leads(): boolean {
    return !this.#paused && this.#elector?.isLeader() === true;
  }

  now(): number {
    return this.#world.now() + this.#options.wallOffsetMs;
  }

  monotonic(): number {
    return this.#world.monotonic() * this.#options.rate;
  }

  random(): number {
    return this.#world.random();
  }

  after(delayMs: number, fire: () => void): Cancel {
    return this.#clockOf(this.#life).after(delayMs, fire);
  }

  #clockOf(life: number): Clock {
    return {
      now: () => this.now(),
      monotonic: () => this.monotonic(),
      random: () => this.random(),
      after: (delayMs, fire) => {
        let cancelled = false;
        const run = (): void => {
          if (cancelled || life !== this.#life) return;
          if (this.#paused) this.#held.push(run);
          else fire();
        };
        const cancel = this.#world.after(delayMs / this.#options.rate, run);
        return () => {
          cancelled = true;
          cancel();
        };
      },
    };
  }

  /** A request may be lost on its way there (nothing happens) or back (it happened); an aborted one may still arrive later. */
  #cluster(life: number): Pick<Cluster, 'get' | 'create' | 'replace'> {
    const clock = this.#clockOf(life);
    const call = (serve: () => Result<KubernetesObject>, signal?: AbortSignal): Promise<Result<KubernetesObject>> =>
      new Promise((resolve) => {
        const unreachable = (message: string): void => resolve({ ok: false, error: { type: 'Unreachable', message } });
        signal?.addEventListener('abort', () => unreachable(String(signal.reason)), { once: true });
        const latency = (): number => this.#world.random() * this.#options.maxLatencyMs;
        if (this.#cut) return;
        this.#world.after(latency(), () => {
          const result = serve();
          const lostOnTheWay = this.#cut;
          this.#world.after(latency(), () => {
            if (!lostOnTheWay && !this.#cut) clock.after(0, () => resolve(result));
          });
        });
      });
    return {
      get: (_address, signal) => call(() => this.#server.get(), signal),
      create: (object, _, signal) => call(() => this.#server.create(object), signal),
      replace: (object, signal) => call(() => this.#server.replace(object), signal),
    };
  }
}
