import type { Clock } from '../clock.ts';
import { timestamp } from '../clock.ts';
import type { Engine, EngineResult } from '../engine/engine.ts';
import type { EngineCheck } from './health.ts';
import type { Journal } from './journal.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

export interface EngineObservers {
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'decided'>;
  readonly log: Log;
  readonly journal?: Journal;
  readonly health?: Pick<EngineCheck, 'told'>;
}

/** The same engine; each call is measured, told to the journal, and its stderr and faults to the log. */
export function observeEngine(engine: Engine, { clock, metrics, log, journal, health }: EngineObservers): Engine {
  return {
    digest: engine.digest,
    decide: (snapshot): EngineResult => {
      const startedMs = clock.monotonic();
      const result = engine.decide(snapshot);
      metrics.decided(result, (clock.monotonic() - startedMs) / 1000);
      health?.told(snapshot, result);
      journal?.record(timestamp(clock.now()), engine.digest, snapshot, result);
      const { namespace, name } = snapshot.subject;
      if (result.type === 'EngineError') {
        log.error(`the core failed on a Task: ${result.message}`, {
          controller: 'task',
          namespace,
          name,
          cause: result.cause,
          stderr: result.log,
        });
      } else if (result.log !== '') {
        log.debug('the core wrote to stderr', { controller: 'task', namespace, name, stderr: result.log });
      }
      return result;
    },
  };
}
