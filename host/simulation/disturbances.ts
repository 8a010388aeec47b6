import type { Kind } from '#core/contract/kinds.ts';
import type { Outcome, Subject } from '#core/contract/snapshot.ts';
import type { Deed } from './happenings.ts';
import type { Ledger } from './ledger.ts';
import { waitsToStart } from './records.ts';
import { taskOf } from './wire.ts';

/**
 * What a host that knows nothing of the tries before writes of a Task that waits to be started: what it waits for before it has tried that itself, and after, each with an
 * Event. What is refused then is a disturbance of its own.
 */
const WRITES_OF_A_FIRST_TRY = 4;

/** What befalls Tasks, counted in their records: it explains writes that an undisturbed one does not need, and logs that are lost. */
export class Disturbances {
  readonly #ledger: Ledger;
  #areLogsRefused = false;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** A host that is new: one before it may have died with what it was to keep. */
  hostStarts(): void {
    this.hostWakes();
    for (const task of this.#ledger.tasks.values()) task.isTroubled = true;
  }

  /** A host goes on after it stood still: it knows nothing of what others have tried, and its first write may be on an old version. */
  hostWakes(): void {
    for (const task of this.#ledger.tasks.values()) task.disturbances += 1 + (waitsToStart(task) ? WRITES_OF_A_FIRST_TRY : 0);
  }

  /** A fault has struck a call about this object. */
  callFails(kind: Kind, namespace: string, name: string): void {
    const task = taskOf(this.#ledger, kind, namespace, name);
    if (task === undefined) return;
    task.disturbances += 1;
    task.isTroubled = true;
  }

  /** An action of a host has come to something. */
  acted({ uid }: Subject, outcome: Outcome): void {
    const task = this.#ledger.tasks.get(uid);
    // A conflict that nobody has brought about is the host's own fault: it did not wait for what it had written.
    if (task !== undefined && outcome.result !== 'ok' && outcome.reason !== 'Conflict') task.disturbances += 1;
  }

  /** People or nodes have done something. */
  done(deed: Deed): void {
    if (deed.type === 'RefuseLogs') this.#areLogsRefused = deed.how !== null;
    const isOfLogs = this.#areLogsRefused || deed.type === 'RefuseLogs' || deed.type === 'ForeignLog';
    // It may concern any of them, and each may have to say something because of it.
    for (const task of this.#ledger.tasks.values()) {
      task.disturbances += 1;
      task.isTroubled ||= isOfLogs;
    }
  }
}
