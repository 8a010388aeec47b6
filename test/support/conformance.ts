import type { Cluster } from '#host/cluster/cluster.ts';
import { builtinCases } from './conformance-builtins.ts';
import { deletionCases } from './conformance-deletion.ts';
import { listCases } from './conformance-lists.ts';
import { namespaceCases } from './conformance-namespaces.ts';
import { ownerCases } from './conformance-owners.ts';
import { podCases } from './conformance-pods.ts';
import { schemaCases } from './conformance-schemas.ts';
import { watchCases } from './conformance-watches.ts';
import { writeCases } from './conformance-writes.ts';

/** What a cluster under test offers beside the `Cluster` interface. A capability that is absent skips, with its name as the reason, the cases that need it. */
export interface ConformanceContext {
  /** Exists, is empty, and belongs to the case alone. */
  readonly namespace: string;
  /** Lets time pass: real, or virtual. */
  readonly wait: (ms: number) => Promise<void>;
  /** Forgets the past: every version from before is answered 410, those too that a cache of the server could still have shown. */
  readonly compact?: () => Promise<void>;
  /** Begins the deletion of the case's namespace. */
  readonly terminateNamespace?: () => Promise<void>;
  /** Sets a quota of Pods on the case's namespace and resolves when it holds. */
  readonly limitPods?: (hard: number) => Promise<void>;
  /** Whether a garbage collector runs. */
  readonly garbageCollector?: true;
}

export type Capability = Exclude<keyof ConformanceContext, 'namespace' | 'wait'>;

export interface ConformanceCase {
  readonly name: string;
  readonly needs?: readonly Capability[];
  /** Throws when the cluster does not behave as an API server does. */
  readonly run: (cluster: Cluster, context: ConformanceContext) => Promise<void>;
}

/**
 * What the controller relies on of an API server, as cases over the `Cluster` interface alone. The same table runs against the memory cluster and against
 * a real API server with our CRDs: where they differ, the memory cluster is wrong.
 */
export const conformanceCases: readonly ConformanceCase[] = [
  ...writeCases,
  ...schemaCases,
  ...builtinCases,
  ...podCases,
  ...deletionCases,
  ...listCases,
  ...watchCases,
  ...ownerCases,
  ...namespaceCases,
];
