import type { Kind } from '#core/contract/kinds.ts';
import type { Clock } from '#host/clock.ts';
import type { Result } from '#host/cluster/cluster.ts';
import type { Call, Faults } from '#host/cluster/memory/faults.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { errorText } from './chronicle.ts';
import type { Conduct } from './conduct.ts';
import { type FaultInjector, isWrite } from './fault-injector.ts';
import type { Fleets } from './fleets.ts';
import type { HostLineOptions, Stroke } from './host-line.ts';
import type { Ledger } from './ledger.ts';
import { startedWithOf } from './life-records.ts';
import type { TaskRecord } from './records.ts';
import type { Sendings } from './sendings.ts';
import type { Violation } from './violation.ts';

export interface WireOptions {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly fleets: Fleets;
  readonly injector: FaultInjector;
  readonly conduct: Conduct;
  readonly sendings: Sendings;
  /** Tell of each answer, not only of refusals. */
  readonly isVerbose: boolean;
  /** What befalls a host before its n-th write, from 1, counted over all hosts. */
  readonly strike?: (write: number) => Stroke;
  /** By how many milliseconds the n-th write is late. */
  readonly delay?: (write: number) => number;
  /** Whether all is done, so that nobody has anything to write. */
  isStill(): boolean;
  log(line: string): void;
  report(violation: Violation): void;
}

/** What all hosts send and hear: counts it, strikes there, and keeps an account of who knew what. */
export class Wire {
  readonly #options: WireOptions;
  /** Sent so far, by all hosts. */
  writes = 0;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** For the line of the host of this name. */
  lineOf(name: string): Pick<HostLineOptions, 'strike' | 'sent' | 'answered'> {
    return {
      strike: (call) => this.#strike(name, call),
      sent: (call) => this.#sent(name, call),
      answered: (call, result) => this.#answered(name, call, result),
    };
  }

  /** The injector's, and each delay of a write that was asked for by its number. */
  get faults(): Faults {
    const { onCall, ...faults } = this.#options.injector.faults;
    const delayOf = (call: Call): number => (isWrite(call) ? (this.#options.delay?.(this.writes) ?? 0) : 0);
    return {
      ...faults,
      onCall: (call) => {
        const delayMs = delayOf(call);
        return delayMs === 0 ? onCall?.(call) : { delayMs };
      },
    };
  }

  #strike(name: string, call: Omit<Call, 'client'>): Stroke {
    const { clock, fleets, injector, log } = this.#options;
    if (isWrite(call)) this.writes += 1;
    const host = fleets.host(name);
    if (host === undefined) return 'Nothing';
    const own = isWrite(call) ? (this.#options.strike?.(this.writes) ?? 'Nothing') : 'Nothing';
    const stroke = own === 'Nothing' ? injector.stroke(name, call) : own;
    const what = `${call.verb} ${call.kind} ${call.namespace}/${call.name}`;
    if (stroke === 'DiesBefore') {
      log(`${name} is about to ${what}`);
      fleets.crash(host);
    }
    if (stroke === 'DiesAfter') clock.after(0, () => fleets.died(host));
    if (stroke === 'Pauses') {
      log(`${name} is about to ${what}`);
      fleets.pause(5_000 + (this.writes % 7) * 4_000, (this.writes % 5) * 500, host);
    }
    return stroke;
  }

  #sent(name: string, { verb, kind, namespace, name: object, subresource }: Omit<Call, 'client'>): void {
    if (!isWrite({ verb })) return;
    const { clock, fleets, isStill, ledger, log, report, sendings } = this.#options;
    const task = taskOf(ledger, kind, namespace, object);
    if (task !== undefined && fleets.hasOneLeaderEach) task.writes += 1;
    const host = fleets.host(name);
    if (task !== undefined && host !== undefined)
      sendings.sent(name, { verb, kind, namespace, name: object }, task.name, host.caches.store, clock.now());
    // What has ended may still be cleaned up in its time, and an Agent's server that was away may tell late what a session used.
    const isSummary = kind === 'Task' && subresource === 'status' && task !== undefined && awaitsSummary(task);
    if (isStill() && !(verb === 'delete' && kind === 'Task') && !isSummary)
      report({ rule: 'nothing-is-written-when-all-is-done', says: `${name} sends ${verb} ${kind} ${namespace}/${object}` });
    log(`  ${name} sends ${verb} ${kind}${subresource === undefined ? '' : `/${subresource}`} ${namespace}/${object}`);
  }

  #answered(name: string, { verb, kind, namespace, name: object }: Omit<Call, 'client'>, result: Result<unknown>): void {
    const { conduct, isVerbose, log } = this.#options;
    if (result.ok && verb === 'patch' && kind === 'Task') conduct.told(name, result.value as StoredObject);
    if (result.ok && !(isVerbose && verb === 'get')) return;
    log(`  ${name} hears of ${verb} ${kind} ${namespace}/${object}: ${result.ok ? 'ok' : errorText(result.error)}`);
  }
}

/** Whether an Agent's server may still tell what the session of a finished Task used: its status has a title of it, or a Pod of its was a client of that server. */
function awaitsSummary({ latest, pods }: TaskRecord): boolean {
  const { session } = latest.status ?? {};
  return session?.id === undefined && (session !== undefined || pods.some((pod) => startedWithOf(pod).serverUrl !== undefined));
}

/** The Task that an object is about: names begin with its name. */
export function taskOf(ledger: Ledger, kind: Kind, namespace: string, name: string): TaskRecord | undefined {
  const taskName = kind === 'Task' ? name : (/^t\d+/.exec(name)?.[0] ?? '');
  return ledger.taskNamed(namespace, taskName);
}
