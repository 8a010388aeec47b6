import { Fleet, type FleetOptions } from './fleet.ts';
import { type HostHappening, SHARE_LABEL, type Share } from './scenario.ts';
import type { SimulatedHost } from './simulated-host.ts';

export interface FleetsOptions extends Omit<FleetOptions, 'prefix' | 'build'> {
  /** One host each, with its replicas. */
  readonly shares: readonly Share[];
  build(name: string, share: Share): SimulatedHost;
}

/** The hosts that share a cluster, each with its replicas. */
export class Fleets {
  readonly #fleets: readonly Fleet[];

  constructor({ shares, build, ...options }: FleetsOptions) {
    this.#fleets = shares.map(
      (share, index) =>
        new Fleet({ ...options, prefix: index === 0 ? 'host-' : `host-${'abc'[index]}-`, build: (name) => build(name, share) }),
    );
  }

  get hosts(): readonly SimulatedHost[] {
    return this.#fleets.flatMap((fleet) => [...fleet.hosts]);
  }

  get isRestless(): boolean {
    return this.#fleets.some((fleet) => fleet.isRestless);
  }

  /** Whether no two hosts of one share believe that they lead. */
  get hasOneLeaderEach(): boolean {
    return this.#fleets.map((fleet) => fleet.hasOneLeader).every((hasOne) => hasOne);
  }

  host(name: string): SimulatedHost | undefined {
    return this.#of(name)?.host(name);
  }

  /** Of the fleet of this host: when one of it last began to lead, milliseconds since the epoch. */
  latestLeadMs(name: string): number {
    return this.#of(name)?.latestLeadMs ?? 0;
  }

  /** Of the fleet of this host: when two of it last believed at once that they lead, milliseconds since the epoch. */
  latestSharedMs(name: string): number {
    return this.#of(name)?.latestSharedMs ?? 0;
  }

  begin(): void {
    for (const fleet of this.#fleets) fleet.begin();
  }

  crash(host: SimulatedHost): void {
    this.#of(host.name)?.crash(host);
  }

  died(host: SimulatedHost): void {
    this.#of(host.name)?.died(host);
  }

  pause(forMs: number, overlapMs: number, host: SimulatedHost): void {
    this.#of(host.name)?.pause(forMs, overlapMs, host);
  }

  befall(happening: HostHappening): void {
    const fleet = this.#fleets[happening.share ?? 0];
    switch (happening.type) {
      case 'CrashHost':
        fleet?.crash();
        break;
      case 'PauseHost':
        fleet?.pause(happening.forMs, happening.overlapMs);
        break;
      case 'ReplaceHost':
        fleet?.replace();
        break;
      case 'JumpClock':
        fleet?.jumpClock(happening.byMs);
        break;
    }
  }

  #of(name: string): Fleet | undefined {
    return this.#fleets.find((fleet) => fleet.host(name) !== undefined);
  }
}

/** Whether a Task is one that a host with this share works on. */
export function covers({ namespaces, label }: Share, namespace: string, labels: Readonly<Record<string, string>> | undefined): boolean {
  return (namespaces === undefined || namespaces.includes(namespace)) && (label === undefined || labels?.[SHARE_LABEL] === label);
}
