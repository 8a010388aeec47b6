import type { ClusterError, WatchEvent } from '#host/cluster/cluster.ts';
import type { Call, CallFault, Delivery, Faults } from '#host/cluster/memory/faults.ts';
import { errorText } from './chronicle.ts';
import { Draw, seedOf } from './draw.ts';
import type { Stroke } from './host-line.ts';
import type { FaultRates } from './scenario.ts';

/** How long a write takes that nothing befalls. */
const WRITE_MS = 3;
const WRITES: ReadonlySet<Call['verb']> = new Set(['create', 'replace', 'patch', 'delete']);

export function isWrite({ verb }: Pick<Call, 'verb'>): boolean {
  return WRITES.has(verb);
}

export interface FaultInjectorOptions {
  readonly seed: number;
  readonly rates: FaultRates;
  /** No fault strikes any more. */
  isQuiet(): boolean;
  nowMs(): number;
  /** A fault struck. */
  onFault(client: string, what: string, call: Pick<Call, 'kind' | 'namespace' | 'name'>): void;
}

/** Draws what befalls each call and each watch event, by the seed, the call and how often it was made: other calls have no part in it. */
export class FaultInjector {
  readonly #options: FaultInjectorOptions;
  readonly #counts = new Map<string, number>();
  /** Watches on which nothing comes any more, and until when. */
  readonly #stalled = new Map<string, number>();
  /** Watches that have lost an event for good, so that only a new list helps. */
  readonly #lossy = new Set<string>();

  constructor(options: FaultInjectorOptions) {
    this.#options = options;
  }

  /** Of the network between hosts and the API server. */
  get faults(): Faults {
    return { onCall: (call) => this.#onCall(call), onDelivery: (call, event) => this.#onDelivery(call, event) };
  }

  /** What happens to the host itself when it is about to write. */
  stroke(client: string, call: Omit<Call, 'client'>): Stroke {
    const { rates, isQuiet } = this.#options;
    if (isQuiet() || !isWrite(call) || rates.crash + rates.pause === 0) return 'Nothing';
    const draw = this.#drawFor(`stroke ${client}`, call);
    if (draw.chance(rates.crash)) return draw.pick(['DiesBefore', 'DiesAfter'] as const);
    return draw.chance(rates.pause) ? 'Pauses' : 'Nothing';
  }

  #onCall(call: Call): CallFault | undefined {
    // A write takes a while, or two hosts that are not of one mind would write for ever at one instant.
    return this.#faultOf(call) ?? (isWrite(call) ? { responseDelayMs: WRITE_MS } : undefined);
  }

  #faultOf(call: Call): CallFault | undefined {
    const { rates, isQuiet, onFault } = this.#options;
    if (isQuiet() || rates.refuse + rates.lose + rates.slow + rates.late === 0) return undefined;
    const draw = this.#drawFor(call.client, call);
    const isWriting = isWrite(call);
    const fault = ((): CallFault | undefined => {
      if (draw.chance(rates.refuse)) return { refuse: refusal(draw, call) };
      if (isWriting && draw.chance(rates.lose))
        return { lose: falseAnswer(draw, call), responseDelayMs: draw.pick([0, 10, 5_000, 12_000]) };
      if (isWriting && draw.chance(rates.late)) return { delayMs: draw.int(3_000, 30_000) };
      if (draw.chance(rates.slow)) return { delayMs: draw.int(0, 400), responseDelayMs: draw.int(0, 400) };
      return undefined;
    })();
    const answer = fault?.refuse ?? fault?.lose;
    if (answer !== undefined)
      onFault(call.client, `${fault?.lose === undefined ? 'refused' : 'done, but answered'}: ${errorText(answer)}`, call);
    else if ((fault?.delayMs ?? 0) > 1_000) onFault(call.client, `reaches the api server in ${fault?.delayMs} ms`, call);
    return fault;
  }

  #onDelivery(watch: Call, event: WatchEvent): Delivery | undefined {
    const { rates, isQuiet, nowMs } = this.#options;
    if (isQuiet() && this.#stalled.size + this.#lossy.size === 0) return undefined;
    const key = `${watch.client} ${watch.kind} ${watch.namespace}`;
    const stalledUntilMs = this.#stalled.get(key);
    if (stalledUntilMs !== undefined) {
      if (!isQuiet() && nowMs() < stalledUntilMs) return { type: 'Drop' };
      this.#stalled.delete(key);
      return { type: 'Close' };
    }
    if (isQuiet()) return this.#lossy.delete(key) ? { type: 'Fail', error: expired() } : undefined;
    const draw = this.#drawFor(`event ${watch.client}`, watch);
    if (draw.chance(rates.watchStall)) {
      this.#stalled.set(key, nowMs() + draw.int(1_000, 40_000));
      return { type: 'Drop' };
    }
    if (draw.chance(rates.watchClose)) return { type: 'Close' };
    if (draw.chance(rates.watchFail))
      return { type: 'Fail', error: draw.pick([expired(), refused(500, 'InternalError'), refused(429, 'TooManyRequests', 500)]) };
    if (event.type === 'BOOKMARK' && draw.chance(rates.watchMute)) return { type: 'Drop' };
    if (event.type !== 'BOOKMARK' && draw.chance(rates.watchDrop)) {
      this.#lossy.add(key);
      return { type: 'Drop' };
    }
    const delayMs = draw.chance(rates.watchDelay) ? draw.weighted([[3, draw.int(1, 300)], [1, draw.int(300, 9_000)]]) : 0; // biome-ignore format: a table
    const copies = draw.chance(rates.watchTwice) ? draw.int(2, 3) : 1;
    return delayMs === 0 && copies === 1 ? undefined : { type: 'Deliver', delayMs, copies };
  }

  #drawFor(what: string, { verb, kind, namespace, name, subresource }: Omit<Call, 'client'>): Draw {
    const question = `${what} ${verb} ${kind} ${namespace}/${name} ${subresource ?? ''}`;
    const count = this.#counts.get(question) ?? 0;
    this.#counts.set(question, count + 1);
    return new Draw(seedOf(this.#options.seed, `${question} ${count}`));
  }
}

/** Stands in the message of each refusal that no API server has made. */
export const INJECTED = '(injected)';

const UNREACHABLE: ClusterError = { type: 'Unreachable', message: 'connection reset by peer' };

function refused(code: number, reason: string, retryAfterMs?: number): ClusterError {
  const message = `${reason} ${INJECTED}`;
  return { type: 'Refused', code, reason, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function expired(): ClusterError {
  return refused(410, 'Expired');
}

/** What a healthy object may be answered all the same. */
function refusal(draw: Draw, { verb }: Call): ClusterError {
  const passing = [
    refused(429, 'TooManyRequests', 1_000),
    refused(500, 'InternalError'),
    refused(503, 'ServiceUnavailable', 2_000),
    UNREACHABLE,
  ];
  if (verb === 'create') return draw.pick([...passing, refused(403, 'Forbidden'), refused(409, 'Conflict')]);
  if (verb === 'patch') return draw.pick([...passing, refused(409, 'Conflict'), refused(403, 'Forbidden')]);
  if (verb === 'list') return draw.pick([...passing, expired()]);
  return draw.pick(passing);
}

/** What may be answered although the write was done: proxies repeat requests, and the second answer is what comes back. */
function falseAnswer(draw: Draw, { verb }: Call): ClusterError {
  const lost = [UNREACHABLE, refused(504, 'Timeout'), refused(500, 'InternalError')];
  if (verb === 'create') return draw.pick([...lost, refused(409, 'AlreadyExists')]);
  if (verb === 'patch') return draw.pick([...lost, refused(409, 'Conflict')]);
  return draw.pick([...lost, refused(404, 'NotFound')]);
}
