import type { Snapshot } from '#core/contract/snapshot.ts';
import type { Clock } from '../clock.ts';
import type { Scope } from '../cluster/cluster.ts';
import type { EngineResult } from '../engine/engine.ts';
import type { Check } from './server.ts';

/** What the health checks look at in a reflector. */
export interface WatchedReflector {
  readonly scope: Scope;
  readonly isSynced: boolean;
  readonly lastProgressAtMs: number;
  readonly counters: { readonly pages: number; readonly watches: number };
}

/** Even on a quiet cluster a watch ends, or is begun again, every 5 minutes: twice that without a sign is a reflector that hangs. */
const REFLECTOR_PATIENCE_MS = 10 * 60_000;
/** A core that fails on this many Tasks in a row, for this long, and on none succeeds, may do better in a fresh process. */
const ENGINE_PATIENCE_MS = 5 * 60_000;
const ENGINE_SUBJECTS = 3;

/** `/healthz`: no reflector hangs. One that tries in vain because the API server is away does not: a restart would not bring it back. */
export function reflectorsCheck(clock: Pick<Clock, 'now'>, reflectors: () => readonly WatchedReflector[]): Check {
  const seen = new Map<string, { readonly tries: number; readonly sinceMs: number }>();
  return {
    name: 'reflectors',
    fault: () => {
      const nowMs = clock.now();
      const hanging = reflectors().filter((reflector) => {
        const key = scopeName(reflector.scope);
        const tries = reflector.counters.pages + reflector.counters.watches;
        const before = seen.get(key);
        if (before?.tries !== tries) seen.set(key, { tries, sinceMs: nowMs });
        const movedAtMs = Math.max(reflector.lastProgressAtMs, seen.get(key)?.sinceMs ?? nowMs);
        return nowMs - movedAtMs > REFLECTOR_PATIENCE_MS;
      });
      return hanging.length === 0
        ? undefined
        : `no sign of life for ${REFLECTOR_PATIENCE_MS / 60_000} minutes from ${hanging.map(({ scope }) => scopeName(scope)).join(', ')}`;
    },
  };
}

/** `/readyz`: the first list of every kind is in the cache. A standby is ready too: it must be there when the leader goes. */
export function syncedCheck(reflectors: () => readonly WatchedReflector[]): Check {
  return {
    name: 'caches',
    fault: () => {
      const missing = reflectors().filter(({ isSynced }) => !isSynced);
      return missing.length === 0 ? undefined : `first list not done of ${missing.map(({ scope }) => scopeName(scope)).join(', ')}`;
    },
  };
}

export interface EngineCheck extends Check {
  told(snapshot: Pick<Snapshot, 'subject'>, result: Pick<EngineResult, 'type'>): void;
}

/** `/healthz`: the core does not fail on everything. One Task that it fails on is that Task's affair alone. */
export function engineCheck(clock: Pick<Clock, 'now'>): EngineCheck {
  const failing = new Set<string>();
  let firstMs = 0;
  return {
    name: 'engine',
    told: ({ subject }, { type }) => {
      if (type === 'Answered') failing.clear();
      else {
        if (failing.size === 0) firstMs = clock.now();
        if (failing.size < ENGINE_SUBJECTS) failing.add(subject.uid);
      }
    },
    fault: () =>
      failing.size >= ENGINE_SUBJECTS && clock.now() - firstMs > ENGINE_PATIENCE_MS
        ? `the core has failed on every Task for ${Math.round((clock.now() - firstMs) / 60_000)} minutes`
        : undefined,
  };
}

function scopeName({ kind, namespace }: Scope): string {
  return namespace === undefined ? kind : `${kind} in ${namespace}`;
}
