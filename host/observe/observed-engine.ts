import type { Clock } from '../clock.ts';
import { timestamp } from '../clock.ts';
import type { Engine, EngineResult } from '../engine/engine.ts';
import type { EngineCheck } from './health.ts';
import type { Journal } from './journal.ts';
import type { Log } from './log.ts';
import { type Metrics, TASK_CONTROLLER } from './metrics.ts';

export interface EngineObservers {
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'decided'>;
  readonly log: Log;
  readonly journal?: Journal;
  readonly health?: Pick<EngineCheck, 'told'>;
}

/** The same engine; each call is measured, told to the journal, and its stderr to the log. */
export function observeEngine(engine: Engine, { clock, metrics, log, journal, health }: EngineObservers): Engine {
  return {
    digest: engine.digest,
    decide: (snapshot, call): EngineResult => {
      const startedMs = clock.monotonic();
      const result = engine.decide(snapshot, call);
      metrics.decided(result, (clock.monotonic() - startedMs) / 1000);
      health?.told(snapshot, result);
      journal?.record(timestamp(clock.now()), engine.digest, snapshot, result, call);
      if (result.log !== '') {
        const { namespace, name } = snapshot.subject;
        const fields = { controller: TASK_CONTROLLER, namespace, name, reconcileID: call?.reconcileID, stderr: result.log };
        if (result.type === 'EngineError') log.warn('the core wrote to stderr before it failed', fields);
        else log.debug('the core wrote to stderr', fields);
      }
      return result;
    },
  };
}
