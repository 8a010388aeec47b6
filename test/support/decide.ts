import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Action, Decided, Decision } from '#core/contract/decision.ts';
import type { Outcome, Snapshot } from '#core/contract/snapshot.ts';
import { decide as decideSource } from '#core/decide.ts';
import type { Engine } from '#host/engine/engine.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { applied } from './applied.ts';

const CORE = new URL('../../dist/core.wasm', import.meta.url);

let engine: Engine | undefined;

/**
 * Decides by the TypeScript source and by `dist/core.wasm` (the test run builds it first), and demands the same bytes of both. The input is frozen, so that a
 * rule that changes it fails.
 */
export function decide(snapshot: Snapshot): Decision {
  const input = deepFreeze(JSON.parse(JSON.stringify(snapshot)) as Snapshot);
  const bySource = JSON.stringify(decideSource(input));
  if (!existsSync(CORE)) throw new Error('dist/core.wasm is missing: run `npm run build`, or the tests through npm, which builds it');
  engine ??= loadEngine(readFileSync(CORE));
  const result = engine.decide(input);
  if (result.type === 'EngineError')
    throw new Error(`core.wasm failed where the source answered ${bySource}: ${result.cause}: ${result.message}`);
  expect(JSON.stringify(result.decision), 'core.wasm and the TypeScript source disagree').toBe(bySource);
  return JSON.parse(bySource) as Decision;
}

/** As `decide`, for a snapshot that has all that the core reads. */
export function decided(snapshot: Snapshot): Decided {
  const decision = decide(snapshot);
  if (decision.type !== 'Decided') throw new Error(`expected a decision, the core answered ${JSON.stringify(decision)}`);
  return decision;
}

/** A log that was kept. */
const KEPT: Partial<Outcome> = { result: 'ok', answer: '{"bytes":120,"truncated":false}' };

/**
 * As `decided`, past the reading of a log: while the core asks for one, nothing may be ended or let go, what it writes is applied, and the log is answered (default: kept).
 * Fails when it asks again for what was answered.
 */
export function decidedWithLog(before: Snapshot, answer: Partial<Outcome> = KEPT): Decided {
  const decision = decided(before);
  const tail = decision.actions.find((action) => action.type === 'Effect' && action.kind === 'LogTail');
  if (tail === undefined) return decision;
  expect(statusPatch(decision)?.completionTime, 'an end is recorded before its log is kept').toBeUndefined();
  const writes = decision.actions.filter((action) => action.type === 'Patch' && action.ref.kind === 'Pod');
  expect(writes, 'a Pod is let go before its log is kept').toEqual([]);
  const after = applied(before, decision);
  const outcome = { actionId: tail.id, result: 'ok' as const, count: 1, firstAt: after.now, lastAt: after.now, ...answer };
  const last = decided({ ...after, outcomes: [...after.outcomes, outcome] });
  expect(summary(last.actions), 'a log is asked for again that was answered').not.toContain('Effect LogTail');
  return last;
}

/** The `status` of the one status patch among the actions; undefined when there is none. */
export function statusPatch(decision: Decided): Readonly<Record<string, unknown>> | undefined {
  const patches = decision.actions.filter((action) => action.type === 'Patch' && action.subresource === 'status');
  expect(patches.length, 'status patches in one decision').toBeLessThan(2);
  const [patch] = patches;
  return patch?.type === 'Patch' ? (patch.patch.status as Readonly<Record<string, unknown>>) : undefined;
}

/** One line an action, in order: `Create Pod fix-bug-pod`, `Patch Task/status fix-bug`, `Event Completed`. */
export function summary(actions: readonly Action[]): readonly string[] {
  return actions.map((action) => {
    switch (action.type) {
      case 'Create':
        return `Create ${action.object.kind} ${action.object.metadata.name}`;
      case 'Patch':
        return `Patch ${action.ref.kind}${action.subresource === undefined ? '' : `/${action.subresource}`} ${action.ref.name}`;
      case 'Delete':
        return `Delete ${action.ref.kind} ${action.ref.name}`;
      case 'Event':
        return `Event ${action.reason}`;
      case 'Effect':
        return `Effect ${action.kind}`;
      case 'RecordStart':
        return `RecordStart ${action.agent.name}`;
    }
    return action satisfies never;
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const entry of Object.values(value)) deepFreeze(entry);
  }
  return value;
}
