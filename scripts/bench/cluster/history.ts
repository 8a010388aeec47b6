import type { WatchedObject } from './watch.ts';

/** When what happened to one Task or Job, in milliseconds of this process's clock, as the watches showed it. */
export interface Times {
  sentMs?: number;
  podMs?: number;
  podEndMs?: number;
  endMs?: number;
}

/** What the watches of a run have shown. */
export class History {
  readonly byName = new Map<string, Times>();
  /** When each Pod was first seen, and when it was seen to have ended, in order. */
  readonly podStartsMs: number[] = [];
  readonly podEndsMs: number[] = [];
  finished = 0;
  failed = 0;
  lastEndMs = 0;
  readonly #pods = new Map<string, 'Alive' | 'Ended'>();

  sent(name: string, atMs: number): void {
    this.#of(name).sentMs = atMs;
  }

  /** A Task, or a Job. */
  object({ metadata, status = {} }: WatchedObject, atMs: number): void {
    const ended = endOf(status);
    const times = this.#of(metadata.name);
    if (ended === null || times.endMs !== undefined) return;
    times.endMs = atMs;
    this.lastEndMs = atMs;
    this.finished += 1;
    if (ended === 'Failed') this.failed += 1;
  }

  pod({ metadata, status = {} }: WatchedObject, atMs: number): void {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
    const times = this.#of(owner?.name ?? '');
    const known = this.#pods.get(metadata.name);
    if (known === undefined) {
      this.#pods.set(metadata.name, 'Alive');
      this.podStartsMs.push(atMs);
      times.podMs ??= atMs;
    }
    if (known === 'Ended' || (status.phase !== 'Succeeded' && status.phase !== 'Failed')) return;
    this.#pods.set(metadata.name, 'Ended');
    this.podEndsMs.push(atMs);
    times.podEndMs ??= atMs;
  }

  /** Differences of two times, of those that have both. */
  spans(from: keyof Times, to: keyof Times): readonly number[] {
    return [...this.byName.values()].flatMap((times) => {
      const [start, end] = [times[from], times[to]];
      return start === undefined || end === undefined ? [] : [end - start];
    });
  }

  #of(name: string): Times {
    const times = this.byName.get(name) ?? {};
    this.byName.set(name, times);
    return times;
  }
}

function endOf({ phase, conditions = [] }: NonNullable<WatchedObject['status']>): 'Completed' | 'Failed' | null {
  if (phase === 'Completed' || phase === 'Failed') return phase;
  const end = conditions.find(({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'));
  return end === undefined ? null : end.type === 'Failed' ? 'Failed' : 'Completed';
}
