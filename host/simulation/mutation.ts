import type { Cluster } from '#host/cluster/cluster.ts';
import type { Caches } from '#host/controller/caches.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { Share } from './scenario.ts';

/** A known mistake put into a host, to see that the simulation finds it. */
export interface Mutation {
  readonly name: string;
  engine?(engine: Engine): Engine;
  cluster?(cluster: Cluster, caches: () => Caches): Cluster;
  /** What the host works on, for what it was told. */
  share?(share: Share): Share;
}

export const NO_MUTATION: Mutation = { name: 'none' };
