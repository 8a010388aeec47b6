import type { Action } from '#core/contract/decision.ts';
import type { Outcome, Subject } from '#core/contract/snapshot.ts';
import type { Clock } from '#host/clock.ts';
import type { Cluster } from '#host/cluster/cluster.ts';
import { type Caches, openCaches } from '#host/controller/caches.ts';
import { type Controller, createController } from '#host/controller/controller.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { Log } from '#host/observe/log.ts';
import { serverClock } from '#host/server-clock.ts';
import { clockOf, HostLife } from './host-life.ts';
import { type HostLineOptions, hostLine } from './host-line.ts';
import { type Mutation, NO_MUTATION } from './mutation.ts';
import { SHARE_LABEL, type Share } from './scenario.ts';
import { type SimulatedSessionsOptions, simulatedSessions } from './simulated-sessions.ts';

export const SETTINGS = { referenceGraceSeconds: 60, unreachableAfterSeconds: 120 } as const;

export interface SimulatedHostOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly mutation?: Mutation;
  readonly share: Share;
  readonly sessions: Pick<SimulatedSessionsOptions, 'seed' | 'rate' | 'onFault'>;
  /** Its connection, with the faults of the network. */
  readonly cluster: Cluster;
  readonly line: Omit<HostLineOptions, 'life' | 'die' | 'dates'>;
  /** No answer of the API server bears a date. */
  readonly isUndated: boolean;
  /** It has died of a call that the API server did. */
  onDeath(): void;
  /** Something that must never happen inside a host did. */
  onFault(message: string): void;
  onDecided(host: SimulatedHost, subject: Subject, deliberation: Deliberation): void;
  onActed(host: SimulatedHost, subject: Subject, action: Action, outcome: Outcome): void;
}

/** One host process: its own memory, its own connection, its own idea of time; it can be killed, and can stand still. */
export class SimulatedHost {
  readonly name: string;
  readonly life = new HostLife();
  readonly caches: Caches;
  /** What it was told to work on. */
  readonly share: Share;
  /** When it began to lead, milliseconds since the epoch. */
  ledSinceMs: number | undefined;
  /**
   * Versions of what each Task (by UID) was last decided on: the oldest of its Agent and AgentTemplates. Of one that holds a place, those by which it was given that: it stays its own,
   * also where the limit is lowered before its Pod is made.
   */
  readonly knewReferencesAt = new Map<string, number>();
  /** Key of the line that each Task (by UID) holds a place in, by the last decision. */
  readonly #holds = new Map<string, string>();
  /** Agent that the Pod of each Task (by UID) was last built for. */
  readonly builtFor = new Map<string, string | undefined>();
  readonly #clock: Clock;
  readonly #controller: Controller;
  readonly #process = new AbortController();
  readonly #leading = new AbortController();

  constructor(options: SimulatedHostOptions) {
    const { name, engine, mutation = NO_MUTATION, onFault } = options;
    const { namespaces = [], label } = mutation.share?.(options.share) ?? options.share;
    const selector = label === undefined ? {} : { taskSelector: `${SHARE_LABEL}=${label}` };
    this.name = name;
    this.share = options.share;
    this.#clock = clockOf(this.life, options.clock);
    const time = serverClock({ clock: this.#clock });
    const line = hostLine(options.cluster, {
      ...options.line,
      life: this.life,
      ...(options.isUndated ? {} : { dates: { clock: options.clock, told: time.answered } }),
      die: () => {
        options.onDeath();
        this.kill();
      },
    });
    const cluster = mutation.cluster?.(line, () => this.caches) ?? line;
    this.caches = openCaches({
      cluster,
      clock: this.#clock,
      namespaces,
      ...selector,
      signal: this.#process.signal,
      onTrouble: (trouble) => {
        if (trouble.type === 'ListenerFailed') onFault(`a listener of the store threw: ${String(trouble.error)}`);
      },
    });
    const log: Log = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (message, fields) => onFault(`${message}: ${errorText(fields?.error)}`),
      enabled: () => false,
    };
    this.#controller = createController({
      cluster,
      clock: time.clock,
      engine: mutation.engine?.(engine) ?? engine,
      caches: this.caches,
      sessions: simulatedSessions({ clock: options.clock, life: this.life, ...options.sessions }),
      ...selector,
      log,
      identity: name,
      settings: SETTINGS,
      hooks: {
        decided: (subject, deliberation) => {
          this.#noteReferences(subject.uid, deliberation);
          if (createsPod(deliberation)) this.builtFor.set(subject.uid, deliberation.snapshot.task?.spec.agentRef?.name);
          options.onDecided(this, subject, deliberation);
        },
        acted: (subject, action, outcome) => options.onActed(this, subject, action, outcome),
      },
    });
  }

  #noteReferences(uid: string, deliberation: Deliberation): void {
    const queue = deliberation.type === 'Decided' ? deliberation.decided.queue : undefined;
    const held = queue?.state === 'Holds' ? queue.key : undefined;
    const heldBefore = this.#holds.get(uid);
    if (held === undefined || held !== heldBefore) this.knewReferencesAt.set(uid, referencesVersion(deliberation));
    if (held === undefined) this.#holds.delete(uid);
    else this.#holds.set(uid, held);
  }

  /** Whether it leads, or believes that it does. */
  get isLeading(): boolean {
    return this.ledSinceMs !== undefined && !this.#leading.signal.aborted && !this.life.isDead;
  }

  lead(): void {
    this.ledSinceMs = this.#clock.now();
    void this.#controller.start(this.#leading.signal);
  }

  /** The lease is lost: what is in flight is given up, and the process ends. */
  loseLead(): void {
    this.#leading.abort(new Error('the lease is lost'));
    this.kill();
  }

  /** As SIGTERM: finishes what is in hand, then ends. */
  async leave(): Promise<void> {
    await this.#controller.stop();
    this.kill();
  }

  kill(): void {
    this.life.kill();
    this.#leading.abort(new Error('killed'));
    this.#process.abort(new Error('killed'));
  }
}

function referencesVersion({ snapshot }: Deliberation): number {
  const versions = Object.entries(snapshot.read).flatMap(([key, answer]) => {
    const isReference = key.startsWith('Agent/') || key.startsWith('AgentTemplate/');
    return isReference && 'found' in answer ? [Number(answer.found.metadata.resourceVersion ?? 0)] : [];
  });
  return versions.length === 0 ? 0 : Math.min(...versions);
}

function createsPod(deliberation: Deliberation): boolean {
  if (deliberation.type === 'Faulted') return false;
  return deliberation.decided.actions.some((action) => action.type === 'Create' && action.object.kind === 'Pod');
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
