import type { Share } from './scenario.ts';

export interface Violation {
  /** Stable name of the invariant. */
  readonly rule: string;
  readonly says: string;
}

/** What the invariants need to know of a host that has written. */
export interface Writer {
  readonly name: string;
  readonly isLeading: boolean;
  readonly share: Share;
  readonly ledSinceMs: number | undefined;
  readonly knewReferencesAt: ReadonlyMap<string, number>;
}
