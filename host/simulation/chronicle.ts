import type { Task } from '#core/api/task.ts';
import type { Subject } from '#core/contract/snapshot.ts';
import type { Clock } from '#host/clock.ts';
import type { ClusterError } from '#host/cluster/cluster.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';

/** The history as people read it: one line an event, with the seconds since the beginning. */
export class Chronicle {
  readonly lines: string[] = [];
  readonly #clock: Pick<Clock, 'now'>;
  readonly #beganMs: number;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#beganMs = clock.now();
  }

  get virtualMs(): number {
    return this.#clock.now() - this.#beganMs;
  }

  add(line: string): void {
    this.lines.push(`${this.#at(this.#clock.now())} ${line}`);
  }

  /** A Task or a Pod, when its phase changes, it begins to be deleted, or goes. */
  change({ type, object, previous }: Change): void {
    const [was, is] = [previous === undefined ? '' : stateOf(previous), type === 'DELETED' ? 'gone' : stateOf(object)];
    if (was === is) return;
    const { namespace, name, uid } = object.metadata;
    this.add(`${object.kind} ${namespace}/${name} (${uid.slice(0, 8)}): ${was === '' ? '' : `${was} -> `}${is}`);
  }

  /** The rules that fired, and the most telling facts. */
  decision(host: string, subject: Subject, deliberation: Deliberation): void {
    if (deliberation.type === 'Faulted') return;
    const { reasons, wakeAt, queue } = deliberation.decided;
    const { pods, granted } = deliberation.snapshot;
    const podTexts = pods.map(({ metadata, status }) => `${metadata.name} ${status?.phase}`);
    const facts = [
      `pods ${podTexts.join(', ') || 'none'}`,
      `granted ${granted ?? 'unasked'}`,
      ...(queue === undefined ? [] : [`${queue.state} ${queue.key}`]),
      ...(wakeAt === undefined ? [] : [`wakes ${this.#at(Date.parse(wakeAt))}`]),
    ];
    this.add(`  ${host} decides ${subject.namespace}/${subject.name}: ${reasons.map(({ rule }) => rule).join(' ')} (${facts.join('; ')})`);
  }

  #at(ms: number): string {
    return `+${((ms - this.#beganMs) / 1_000).toFixed(3)}s`;
  }
}

export function errorText(error: ClusterError): string {
  return error.type === 'Refused' ? `${error.code} ${error.reason}` : error.message;
}

function stateOf({ metadata, status }: StoredObject): string {
  const { phase = 'new', cause, reason } = (status ?? {}) as NonNullable<Task['status']> & { readonly reason?: string };
  const parts = [phase, cause, reason].filter((part) => part !== undefined);
  return `${parts.join('/')}${metadata.deletionTimestamp === undefined ? '' : ' being deleted'}`;
}
