import type { Clock } from '#host/clock.ts';
import type { SimulatedHost } from './simulated-host.ts';

export interface FleetOptions {
  readonly clock: Clock;
  /** Names of its hosts are this and a number. */
  readonly prefix: string;
  build(name: string): SimulatedHost;
  /** One that stood still goes on, and knows no more than it did then. */
  onWake(): void;
  log(line: string): void;
}

/** From the death of a leader to the next one: the lease has to run out first. */
const TAKE_OVER_MS = 4_000;

/** The replicas of one host, one of which leads; a lease does not fence, so one that stood still may believe for a while that it still does. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #hosts = new Map<string, SimulatedHost>();
  #leader: SimulatedHost | undefined;
  #isTakingOver = false;
  #takesOverAtMs = 0;
  #latestLeadMs = 0;
  #latestSharedMs = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get latestLeadMs(): number {
    return this.#latestLeadMs;
  }

  get hosts(): IterableIterator<SimulatedHost> {
    return this.#hosts.values();
  }

  /** Whether a host stands still or another is about to take over: it is not over yet. */
  get isRestless(): boolean {
    return this.#isTakingOver || [...this.#hosts.values()].some(({ life, isLeading }) => !life.isDead && (!life.isAwake || !isLeading));
  }

  /** When two hosts last believed at once that they lead, milliseconds since the epoch. */
  get latestSharedMs(): number {
    return this.#latestSharedMs;
  }

  /** Whether one host alone believes that it leads. */
  get hasOneLeader(): boolean {
    const count = this.#countLeaders();
    if (count > 1) this.#latestSharedMs = this.#options.clock.now();
    return count === 1;
  }

  #countLeaders(): number {
    return [...this.#hosts.values()].filter(({ life, isLeading }) => isLeading && life.isAwake).length;
  }

  host(name: string): SimulatedHost | undefined {
    return this.#hosts.get(name);
  }

  /** Starts a new process that leads from now on. */
  begin(): SimulatedHost {
    const host = this.#options.build(`${this.#options.prefix}${this.#hosts.size + 1}`);
    this.#hosts.set(host.name, host);
    this.#leader = host;
    this.#latestLeadMs = this.#options.clock.now();
    this.#options.log(`${host.name} leads`);
    host.lead();
    return host;
  }

  /** The wall clock of the leader's machine is set. */
  jumpClock(byMs: number): void {
    const host = this.#leader;
    if (host === undefined || host.life.isDead) return;
    host.life.aheadMs += byMs;
    this.#options.log(`the clock of ${host.name} jumps by ${byMs / 1_000} s: it is ${host.life.aheadMs / 1_000} s ahead`);
  }

  crash(host: SimulatedHost | undefined = this.#leader): void {
    if (host === undefined || host.life.isDead) return;
    this.#options.log(`${host.name} dies`);
    host.kill();
    this.died(host);
  }

  /** A host has died by itself. */
  died(host: SimulatedHost): void {
    if (this.#leader === host) this.#takeOver(TAKE_OVER_MS);
  }

  /** The leader stands still; another takes over; then it wakes, goes on for `overlapMs`, and learns that it has lost the lead: not before that is so, should it wake first. */
  pause(forMs: number, overlapMs: number, host: SimulatedHost | undefined = this.#leader): void {
    const { clock, log, onWake } = this.#options;
    if (host === undefined || !host.life.isAwake) return;
    log(`${host.name} stands still`);
    host.life.pause();
    if (this.#leader === host) this.#takeOver(TAKE_OVER_MS);
    clock.after(forMs, () => {
      if (host.life.isDead) return;
      log(`${host.name} wakes`);
      onWake();
      host.life.wake();
      if (this.#leader === host && !this.#isTakingOver) return;
      clock.after(Math.max(overlapMs, this.#takesOverAtMs - clock.now()), () => {
        if (host.life.isDead || this.#leader === host) return;
        log(`${host.name} learns that it does not lead`);
        host.loseLead();
      });
    });
  }

  /** A rollout: the leader finishes what is in hand and goes. */
  replace(): void {
    const host = this.#leader;
    if (host === undefined || !host.life.isAwake || this.#isTakingOver) return;
    this.#options.log(`${host.name} is asked to go`);
    this.#isTakingOver = true;
    let isOver = false;
    const next = (): void => {
      if (isOver) return;
      isOver = true;
      this.#isTakingOver = false;
      if (!host.life.isDead) host.kill();
      this.begin();
    };
    void host.leave().then(next);
    // One that hangs is killed.
    this.#options.clock.after(20_000, next);
  }

  #takeOver(afterMs: number): void {
    if (this.#isTakingOver) return;
    this.#isTakingOver = true;
    this.#takesOverAtMs = this.#options.clock.now() + afterMs;
    this.#options.clock.after(afterMs, () => {
      this.#isTakingOver = false;
      this.begin();
    });
  }
}
