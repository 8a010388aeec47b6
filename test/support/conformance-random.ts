import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Cluster, Result } from '#host/cluster/cluster.ts';
import { seededRandom } from '#host/virtual-clock.ts';
import { type Fields, type Watched, watching } from './conformance-kit.ts';
import { COMPARED_KINDS, randomCall } from './conformance-random-calls.ts';
import { isCompared, Lens } from './conformance-random-lens.ts';

export interface ComparisonOptions {
  /** Exists in both, is empty, and belongs to the comparison alone. */
  readonly namespace: string;
  readonly seed: number;
  readonly steps: number;
  /** Called before each step: brings a virtual clock to the real one. */
  readonly beforeStep: () => Promise<void>;
  /** Lets both go on a little. */
  readonly wait: (ms: number) => Promise<void>;
}

/** One of the two clusters, and what it has shown so far. */
interface Side {
  readonly cluster: Cluster;
  readonly lens: Lens;
  readonly watches: readonly Watched[];
}

/**
 * Makes the same random calls (creates, patches of both kinds, status, deletions, gets, lists; right, wrong and outdated ones) on two clusters and compares
 * each answer, and at the end all events that watches saw. Returns the first difference with the calls that led to it; undefined: none. Neither cluster may have
 * a scheduler or kubelet that touches these Pods.
 */
export async function firstDifference(left: Cluster, right: Cluster, options: ComparisonOptions): Promise<string | undefined> {
  const { namespace, seed, steps, beforeStep, wait } = options;
  const random = seededRandom(seed);
  const sides = [await sideOf(left, namespace), await sideOf(right, namespace)] as const;
  const story: string[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      const { text, make } = randomCall(random, namespace);
      story.push(text);
      await beforeStep();
      const [ours, theirs] = [await answered(sides[0], make), await answered(sides[1], make)];
      if (!isDeepStrictEqual(ours, theirs)) return difference(seed, story, ours, theirs);
    }
    return await differenceOfWatches(sides, wait, (ours, theirs) => difference(seed, [...story, 'watches'], ours, theirs));
  } finally {
    for (const { watches } of sides) for (const watch of watches) watch.stop();
  }
}

async function sideOf(cluster: Cluster, namespace: string): Promise<Side> {
  const watches: Watched[] = [];
  for (const kind of COMPARED_KINDS) {
    const list = await cluster.list({ kind, namespace });
    if (!list.ok) throw new Error(`list ${kind}: ${list.error.message}`);
    watches.push(watching(cluster, { kind, namespace, resourceVersion: list.value.resourceVersion, timeoutSeconds: 280 }));
  }
  return { cluster, lens: new Lens(), watches };
}

type Make = (
  cluster: Cluster,
  known: (kind: Kind, name: string, age: 'first' | 'last') => KubernetesObject | undefined,
) => Promise<Result<unknown>>;

async function answered({ cluster, lens }: Side, make: Make): Promise<unknown> {
  const result = await make(cluster, (kind, name, age) => lens.known(kind, name, age));
  return result.ok ? lens.value(result.value) : lens.error(result.error);
}

async function differenceOfWatches(
  sides: readonly [Side, Side],
  wait: ComparisonOptions['wait'],
  tell: (ours: unknown, theirs: unknown) => string,
): Promise<string | undefined> {
  const changes = ({ events }: Watched) => events.flatMap((event) => ('object' in event && isCompared(event.object) ? [event] : []));
  const shown = ({ lens, watches }: Side): readonly (readonly Fields[])[] => {
    return watches.map((watch) => changes(watch).map(({ type, object }) => lens.event(type, object)));
  };
  const count = ({ watches }: Side): number => watches.reduce((sum, watch) => sum + changes(watch).length, 0);
  for (let tries = 0; tries < 40 && count(sides[0]) !== count(sides[1]); tries++) await wait(50);
  const [ours, theirs] = [shown(sides[0]), shown(sides[1])];
  return isDeepStrictEqual(ours, theirs) ? undefined : tell(ours, theirs);
}

function difference(seed: number, story: readonly string[], ours: unknown, theirs: unknown): string {
  return [`seed ${seed}:`, ...story, `first: ${JSON.stringify(ours)}`, `second: ${JSON.stringify(theirs)}`].join('\n');
}
