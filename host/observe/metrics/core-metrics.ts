import type { Action } from '#core/contract/decision.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Outcome } from '#core/contract/snapshot.ts';
import { RESTART_REASONS } from '../../cluster/reflector-states.ts';
import type { EngineResult } from '../../engine/engine.ts';
import type { Kit, Sample } from './kit.ts';
import { boundedWords } from './label-bound.ts';

const DECISION_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const FUEL_BUCKETS = Array.from({ length: 10 }, (_, power) => 4 ** power);
const ENGINE_FAULTS = ['Exception', 'OutOfFuel', 'OutOfMemory', 'Trap', 'OutputTooLarge', 'Nonsense'] as const;
const RESULTS = ['Decided', 'Reads', 'Unusable', 'EngineError'] as const;
const LOG_RESULTS = ['kept', 'empty', 'lost'] as const;
const SWAPS = ['Taken', 'Refused', 'FellBack'] as const;
const SHADOW_RESULTS = ['same', 'differs', 'failed', 'skipped'] as const;
const WATCHED: readonly Kind[] = ['Task', 'Pod', 'Agent', 'AgentTemplate', 'KubeOpenCodeConfig'];
/** More rules than any core has: one that makes names up costs no more than this. */
const MAX_RULES = 200;

export interface CoreSources {
  /** What the controller keeps beside the caches; label `ledger`. */
  readonly ledgers?: () => readonly Sample[];
  /** Objects in the cache; label `kind`. */
  readonly cacheObjects?: () => readonly Sample[];
  /** When a decision was last made, seconds since the epoch; undefined: not yet. */
  readonly lastDecisionSeconds?: () => number | undefined;
}

export interface CoreMetrics {
  decided(result: EngineResult, seconds: number): void;
  /** An action of a decision has come to something. */
  acted(action: Action, outcome: Outcome): void;
  /** Another core was offered. */
  coreOffered(type: (typeof SWAPS)[number]): void;
  /** What a shadow's decision was beside that of the core in charge: `parts` differ, where `rule` decided. */
  shadowed(result: (typeof SHADOW_RESULTS)[number], rule?: string, parts?: readonly string[]): void;
  /** A watch or list ended otherwise than by the server's own time limit. */
  reflectorRestarted(kind: Kind, reason: string): void;
  journalFailed(): void;
  journalWrote(bytes: number): void;
  /** The oldest file was removed, to keep the journal within its bound. */
  journalDropped(bytes: number): void;
}

/** The core, what its decisions come to, and what is written down of them. `onFolded` is told of each label that was one too many. */
export function coreMetrics({ counter, histogram, sampled }: Kit, onFolded: () => void, sources: () => CoreSources): CoreMetrics {
  sampled(
    'kubeopencode_ledger_entries',
    'Entries that the controller keeps beside the cache, by ledger; all 0 when there is no Task.',
    ['ledger'],
    () => sources().ledgers?.() ?? [],
  );
  sampled('kubeopencode_cache_objects', 'Objects in the cache.', ['kind'], () => sources().cacheObjects?.() ?? []);
  sampled('kubeopencode_last_decision_timestamp_seconds', 'When a decision was last made, in seconds since the epoch.', [], () => {
    const seconds = sources().lastDecisionSeconds?.();
    return seconds === undefined ? [] : [{ labels: {}, value: seconds }];
  });
  const time = histogram('kubeopencode_decision_duration_seconds', 'Time of one call of the core.', [], DECISION_BUCKETS);
  const fuel = histogram('kubeopencode_decision_fuel', 'Fuel that one call of the core used.', [], FUEL_BUCKETS);
  const decisions = counter('kubeopencode_decisions_total', 'Calls of the core by what came of them.', ['result']);
  const rules = counter('kubeopencode_decision_rules_total', 'Rules that decided, each time that they did.', ['rule']);
  const restarts = counter('kubeopencode_sandbox_restarts_total', 'Sandboxes thrown away because the core failed.', ['cause']);
  const actions = counter('kubeopencode_actions_total', 'What decisions asked for, by what came of it.', ['type', 'kind', 'result']);
  const logs = counter('kubeopencode_log_tails_total', 'Logs of Pods that are deleted: kept, empty, or lost and why.', [
    'result',
    'reason',
  ]);
  const reflector = counter('kubeopencode_reflector_restarts_total', 'Watches that had to be taken up again, by kind and reason.', [
    'kind',
    'reason',
  ]);
  const failures = counter('kubeopencode_journal_errors_total', 'Journal entries that could not be written.', []);
  const entries = counter('kubeopencode_journal_entries_total', 'Journal entries written.', []);
  const bytes = counter('kubeopencode_journal_bytes_total', 'Bytes written to the journal.', []);
  const dropped = counter('kubeopencode_journal_dropped_bytes_total', 'Bytes of old journal files removed to keep its bound.', []);
  const swaps = counter('kubeopencode_core_swaps_total', 'Cores that were offered while the host ran, by what became of them.', ['result']);
  const shadows = counter('kubeopencode_shadow_decisions_total', 'Decisions of the shadow core beside those of the core in charge.', [
    'result',
  ]);
  const differences = counter('kubeopencode_shadow_differences_total', 'Decisions of the shadow core that differ, by rule and part.', [
    'rule',
    'part',
  ]);
  const boundedRule = boundedWords(MAX_RULES, onFolded);

  for (const cause of ENGINE_FAULTS) restarts.inc({ cause }, 0);
  for (const result of RESULTS) decisions.inc({ result }, 0);
  for (const result of SWAPS) swaps.inc({ result }, 0);
  for (const result of SHADOW_RESULTS) shadows.inc({ result }, 0);
  for (const result of LOG_RESULTS) logs.inc({ result, reason: '' }, 0);
  for (const kind of WATCHED) for (const reason of RESTART_REASONS) reflector.inc({ kind, reason }, 0);

  return {
    decided: (result, seconds) => {
      time.observe(seconds);
      if (result.type === 'EngineError') {
        restarts.inc({ cause: result.cause });
        decisions.inc({ result: 'EngineError' });
        return;
      }
      fuel.observe(result.fuelUsed);
      decisions.inc({ result: result.decision.type });
      if (result.decision.type === 'Decided') for (const { rule } of result.decision.reasons) rules.inc({ rule: boundedRule(rule) });
    },
    acted: (action, outcome) => {
      actions.inc({ type: action.type, kind: kindOf(action), result: outcome.result });
      if (action.type === 'Effect' && action.kind === 'LogTail') logs.inc(keptOrLost(outcome));
    },
    coreOffered: (result) => swaps.inc({ result }),
    shadowed: (result, rule = '', parts = []) => {
      shadows.inc({ result });
      for (const part of parts) differences.inc({ rule: boundedRule(rule), part });
    },
    reflectorRestarted: (kind, reason) => reflector.inc({ kind, reason }),
    journalFailed: () => failures.inc(),
    journalWrote: (size) => {
      entries.inc();
      bytes.inc(size);
    },
    journalDropped: (size) => dropped.inc(size),
  };
}

/** The kind that is written; of an Effect, its own. */
function kindOf(action: Action): string {
  switch (action.type) {
    case 'Create':
      return action.object.kind;
    case 'Patch':
    case 'Delete':
      return action.ref.kind;
    case 'Event':
      return 'Event';
    case 'RecordStart':
      return 'Agent';
    case 'Effect':
      return action.kind;
  }
}

/** `reason` of a lost one: the API server's word, such as `NotFound`. */
function keptOrLost({ result, answer, reason }: Outcome): { readonly result: (typeof LOG_RESULTS)[number]; readonly reason: string } {
  if (result !== 'ok') return { result: 'lost', reason: reason ?? 'Unreachable' };
  return { result: /"bytes":0\b/.test(answer ?? '') ? 'empty' : 'kept', reason: '' };
}
