import type { Call } from '#host/cluster/memory/faults.ts';
import type { World } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { HostConfig } from '#host/flags.ts';
import { type HostEnd, type HostParts, runHost } from '#host/host.ts';
import type { LeveledLog, LogFields } from '#host/observe/log.ts';
import { clockOf, HostLife } from '#host/simulation/host-life.ts';
import { hostLine } from '#host/simulation/host-line.ts';
import { NAMESPACE } from './manifests.ts';
import type { Tell } from './screen.ts';

type HostCall = Omit<Call, 'client'>;

export interface HostsOptions {
  readonly world: World;
  readonly engine: Engine;
  readonly count: number;
  readonly tell: Tell;
}

const CONFIG: HostConfig = {
  namespaces: [],
  leaderElection: {
    enabled: true,
    leaseName: 'task-controller.kubeopencode.io',
    leaseDurationMs: 15_000,
    renewDeadlineMs: 10_000,
    retryPeriodMs: 2_000,
  },
  metricsAddress: 'off',
  metricsAuth: false,
  debugAddress: 'off',
  healthAddress: 'off',
  coreWatchIntervalMs: 0,
  logLevel: 'info',
  unreachableAfterSeconds: 300,
  referenceGraceSeconds: 60,
  maxConcurrentReconciles: 32,
};
/** The others are started a little later, so that it is the first that leads. */
const START_EVERY_MS = 300;

/** The replicas of the host, each with all its parts, the lease too, but without ports; each can die. */
export class Hosts {
  readonly #options: HostsOptions;
  readonly #shutdown = new AbortController();
  readonly #alive = new Map<string, Promise<HostEnd>>();
  /** Task before whose next status the host dies. */
  #doomed: string | undefined;
  #writes = 0;
  #events = 0;

  constructor(options: HostsOptions) {
    this.#options = options;
    const { count, world } = options;
    for (let index = 0; index < count; index++) {
      const name = count === 1 ? 'host' : `host-${index + 1}`;
      world.clock.after(index * START_EVERY_MS, () => this.#start(name));
    }
  }

  /** What they have written, Leases not counted. */
  get written(): { readonly writes: number; readonly events: number } {
    return { writes: this.#writes, events: this.#events };
  }

  /** The host that is about to write this Task's status next dies before it is sent. */
  doomBeforeStatus(task: string): void {
    this.#doomed = task;
  }

  /** Asks all that live to end, and tells how they did. */
  async end(): Promise<void> {
    const { world, tell } = this.#options;
    this.#shutdown.abort(new Error('the demo is over'));
    await world.clock.advance(1_000);
    for (const [name, end] of this.#alive) tell(name, `has ended: ${await end}`);
  }

  #start(name: string): void {
    const { world, engine } = this.#options;
    const life = new HostLife();
    const clock = clockOf(life, world.clock);
    const nothing = { ok: true, value: null } as const;
    const line = (strike: (call: HostCall) => 'Nothing' | 'DiesBefore', sent: (call: HostCall) => void): HostParts['cluster'] =>
      hostLine(world.client(name), { life, strike, die: () => {}, sent, answered: () => {} });
    const parts: HostParts = {
      clock,
      cluster: line(
        (call) => this.#strike(name, life, call),
        (call) => this.#count(call),
      ),
      leaseCluster: line(
        () => 'Nothing',
        () => {},
      ),
      engine,
      sessions: { summary: () => Promise.resolve(nothing), abort: () => Promise.resolve(nothing) },
      log: this.#log(name),
      identity: name,
      leaseNamespace: NAMESPACE,
      version: 'demo',
    };
    this.#alive.set(name, runHost(CONFIG, parts, this.#shutdown.signal));
  }

  #strike(name: string, life: HostLife, { verb, kind, name: object, subresource }: HostCall): 'Nothing' | 'DiesBefore' {
    if (verb !== 'patch' || kind !== 'Task' || subresource !== 'status' || object !== this.#doomed) return 'Nothing';
    this.#doomed = undefined;
    this.#options.tell(name, `✖ dies, about to write the status of ${object}`, 'red');
    life.kill();
    this.#alive.delete(name);
    return 'DiesBefore';
  }

  #count({ verb, kind }: HostCall): void {
    if (verb !== 'create' && verb !== 'patch' && verb !== 'replace' && verb !== 'delete') return;
    if (kind === 'Event') this.#events += 1;
    else this.#writes += 1;
  }

  #log(name: string): LeveledLog {
    const { tell, engine } = this.#options;
    const trouble = (message: string): void => tell(name, message, 'red');
    return {
      level: 'info',
      debug: () => {},
      info: (message: string) => {
        if (message === 'leading') tell(name, `leads, and decides with core ${engine.digest.slice(0, 19)}`);
        if (message === 'standing by') tell(name, 'stands by');
      },
      warn: (message: string, { reason, name: about }: LogFields = {}) => {
        const refused = /^will try again: .*?(refused \(.*?\))/.exec(message)?.[1];
        // By whom and why is told by the Task itself.
        if (typeof about === 'string' && refused !== undefined) tell(about, `  ${name} is ${refused}, and will try again`, 'dim');
        // A new leader lists a quiet kind again to be sure that it has seen everything.
        else if (reason !== 'Refresh') trouble(message);
      },
      error: trouble,
      enabled: (): boolean => false,
    };
  }
}
