import { NO_SEEDS, type SeedCounts } from '#test/simulation/run-seeds.ts';
import { type Block, overlaps, rangeOf, type SeedRange, withRange } from './seeds.ts';

/** What was ever simulated, by the sources that were. */
export interface Ledger {
  readonly formatVersion: 1;
  /** In the order in which they were first simulated. */
  readonly sources: readonly SourceRecord[];
}

/** The code under simulation, and the simulation itself. */
export interface Source {
  /** `sha256:` and 64 hexadecimal digits over every file that takes part. */
  readonly digest: string;
  /** Absent outside of a git checkout. */
  readonly commit?: string | undefined;
  /** Whether the files are those of the commit. */
  readonly isCommitted: boolean;
}

export interface SourceRecord extends Source {
  /** RFC 3339. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** In order, without overlap. */
  readonly seeds: readonly SeedRange[];
  readonly counts: SeedCounts;
}

export const EMPTY_LEDGER: Ledger = { formatVersion: 1, sources: [] };

/** The ledger with a block more; as it was when any of the block's seeds is in it already for these sources. */
export function withBlock(ledger: Ledger, source: Source, block: Block, counts: SeedCounts, at: string): Ledger {
  const range = rangeOf(block);
  const before = ledger.sources.find(({ digest }) => digest === source.digest);
  if (before !== undefined && overlaps(before.seeds, range)) return ledger;
  const record: SourceRecord = {
    ...source,
    firstAt: before?.firstAt ?? at,
    lastAt: at,
    seeds: withRange(before?.seeds ?? [], range),
    counts: sum(before?.counts ?? NO_SEEDS, counts),
  };
  const isSame = ({ digest }: SourceRecord): boolean => digest === source.digest;
  return {
    ...ledger,
    sources: before === undefined ? [...ledger.sources, record] : ledger.sources.map((old) => (isSame(old) ? record : old)),
  };
}

/** The seed behind the last one of all sources: histories that nothing has seen yet. */
export function seedBehind({ sources }: Ledger): number {
  return 1 + Math.max(0, ...sources.flatMap(({ seeds }) => seeds.map(([, last]) => last)));
}

/** What these sources have run before. */
export function seedsOf({ sources }: Ledger, { digest }: Source): readonly SeedRange[] {
  return sources.find((record) => record.digest === digest)?.seeds ?? [];
}

export function totalOf({ sources }: Ledger): SeedCounts {
  return sources.reduce((total, { counts }) => sum(total, counts), NO_SEEDS);
}

export function sum(a: SeedCounts, b: SeedCounts): SeedCounts {
  return {
    histories: a.histories + b.histories,
    compared: a.compared + b.compared,
    decisions: a.decisions + b.decisions,
    writes: a.writes + b.writes,
    virtualMs: a.virtualMs + b.virtualMs,
    violated: a.violated + b.violated,
  };
}
