import type { World } from '#host/cluster/memory/world.ts';
import type { Disturbances } from './disturbances.ts';
import { withLogFaults } from './log-faults.ts';
import { paged } from './paged-cluster.ts';
import type { Scenario, Share } from './scenario.ts';
import { SimulatedHost, type SimulatedHostOptions } from './simulated-host.ts';
import type { Violation } from './violation.ts';
import type { Wire } from './wire.ts';

export interface BuildHostOptions extends Pick<SimulatedHostOptions, 'engine' | 'mutation' | 'onDecided' | 'onActed'> {
  readonly scenario: Scenario;
  readonly world: World;
  readonly wire: Wire;
  readonly disturbances: Disturbances;
  /** No fault strikes any more. */
  isQuiet(): boolean;
  log(line: string): void;
  report(violation: Violation): void;
}

/** A new host of this name, with what a scenario makes its connection, the logs and the sessions that it reads suffer. */
export function buildHost(name: string, share: Share, options: BuildHostOptions): SimulatedHost {
  const { scenario, world, wire, disturbances, isQuiet, log, report, ...more } = options;
  const { seed, rates, pageSize } = scenario;
  const { clock } = world;
  const client = world.client(name, wire.faults);
  disturbances.hostStarts();
  const withPages = pageSize === undefined ? client : paged(client, pageSize);
  const logs = {
    clock,
    seed,
    rate: () => (isQuiet() ? 0 : rates.log),
    onFault: (namespace: string, pod: string, what: string) => {
      disturbances.callFails('Pod', namespace, pod);
      log(`  ${name}: the log of pod ${namespace}/${pod}: ${what}`);
    },
  };
  return new SimulatedHost({
    ...more,
    name,
    clock,
    share,
    isUndated: scenario.isUndated === true,
    sessions: {
      seed,
      rate: () => (isQuiet() ? 0 : rates.session),
      onFault: (what) => log(`  ${name}: ${what}`),
    },
    cluster: rates.log > 0 ? withLogFaults(withPages, logs) : withPages,
    line: wire.lineOf(name),
    onDeath: () => log(`${name} dies right after that`),
    onFault: (message) => report({ rule: 'a-host-never-fails', says: `${name}: ${message}` }),
  });
}
