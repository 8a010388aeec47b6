import type { PartName as BuildPart } from '../build/stale.ts';
import type { Row } from './row.ts';

/** What a part is given. */
export interface BenchContext {
  /** Small sizes: the same figures in a tenth of the time, with more scatter. */
  readonly isQuick: boolean;
  /** One line of progress. */
  report(line: string): void;
  /** Takes in rows as they come, so that what was measured before a failure is shown. */
  add(...rows: readonly Row[]): void;
}

interface Part {
  readonly name: string;
  readonly says: string;
  /** Parts of `dist/` that it runs. */
  readonly needs: readonly BuildPart[];
  /** Loaded only when it runs. */
  readonly load: () => Promise<(context: BenchContext) => Promise<void>>;
}

/** In the order in which they run. */
export const PARTS = [
  {
    name: 'decision',
    says: 'what one decision costs in core.wasm and in V8: CPU, fuel, bytes, memory',
    needs: ['core'],
    load: async () => (await import('./decision/part.ts')).measureDecisions,
  },
  {
    name: 'throughput',
    says: 'bursts and a steady stream of Tasks beside the same Jobs under kube-controller-manager',
    needs: ['core', 'host'],
    load: async () => (await import('./throughput/part.ts')).measureThroughput,
  },
  {
    name: 'queue',
    says: 'many Tasks behind an Agent of 50 slots, beside one Job of parallelism 50',
    needs: ['core', 'host'],
    load: async () => (await import('./queue/part.ts')).measureQueue,
  },
  {
    name: 'scale',
    says: 'the host with up to 50,000 Tasks: memory, start, relist, everything decided again',
    needs: ['core', 'host'],
    load: async () => (await import('./scale/part.ts')).measureScale,
  },
  {
    name: 'plugin',
    says: 'kubectl opencode from a cold start, beside node that does nothing',
    needs: ['core', 'plugin'],
    load: async () => (await import('./plugin/part.ts')).measurePlugin,
  },
] as const satisfies readonly Part[];

export type PartName = (typeof PARTS)[number]['name'];
