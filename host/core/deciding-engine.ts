import { timestamp } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { HostParts } from '../host.ts';
import type { Metrics } from '../observe/metrics.ts';
import { type Compared, shadowed } from './shadow.ts';
import { type SwapEvent, swappable } from './swap.ts';

/** Kinds of differences that are told; each only once. */
const MAX_TOLD = 200;

export interface DecidingOptions {
  readonly parts: Pick<HostParts, 'clock' | 'log' | 'engine' | 'shadow' | 'onReady'>;
  readonly metrics: Pick<Metrics, 'coreOffered' | 'shadowed'>;
  /** The same engine, measured and written down. */
  observed(core: Engine): Engine;
}

/** The core that decides: the first one, or one that took over from it; and beside it the shadow, where there is one. */
export function decidingEngine({ parts, metrics, observed }: DecidingOptions): Engine {
  const { clock, log, shadow, onReady } = parts;
  const onEvent = (event: SwapEvent): void => {
    metrics.coreOffered(event.type);
    tellOfSwap(log, event);
  };
  const engine = swappable(parts.engine, { observed, onEvent });
  onReady?.((next) => engine.offer(next));
  if (shadow === undefined) return engine;
  const told = new Set<string>();
  const compared = (difference: Compared): void => {
    const { snapshot, call, rule, parts: differing, shadow: said } = difference;
    metrics.shadowed(said.type === 'EngineError' ? 'failed' : differing.length === 0 ? 'same' : 'differs', rule, differing);
    if (differing.length === 0) return;
    shadow.journal?.record(timestamp(clock.now()), shadow.engine.digest, snapshot, said, call);
    const kind = `${rule} ${differing.join()}`;
    if (told.has(kind) || told.size >= MAX_TOLD) return;
    told.add(kind);
    const { namespace, name } = snapshot.subject;
    const cores = { core: engine.digest, shadow: shadow.engine.digest };
    const failure = said.type === 'EngineError' ? { cause: said.cause, message: said.message } : {};
    log.warn('the shadow core decides otherwise; this kind is told once', {
      namespace,
      name,
      ...call,
      rule,
      parts: differing,
      ...cores,
      ...failure,
    });
  };
  log.info('a shadow core decides too, and nothing of it is done', { core: engine.digest, shadow: shadow.engine.digest });
  return shadowed(engine, { shadow: shadow.engine, clock, onCompared: compared, onSkipped: () => metrics.shadowed('skipped') });
}

function tellOfSwap(log: HostParts['log'], event: SwapEvent): void {
  switch (event.type) {
    case 'Taken':
      log.warn('another core decides from now on, on trial', { from: event.from, to: event.to });
      break;
    case 'Refused':
      log.error(`another core was not taken: ${event.why}`, { core: event.from, refused: event.to });
      break;
    case 'FellBack':
      log.error(`the core before decides again: the new one ${event.why}`, { from: event.from, to: event.to });
      break;
  }
}
