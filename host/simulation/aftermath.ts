import type { Conduct } from './conduct.ts';
import type { Fleets } from './fleets.ts';
import { keptLogFaults } from './life-logs.ts';
import { type LivenessOptions, unsettled } from './liveness.ts';
import type { Violation } from './violation.ts';

/** Until every Task is settled, at most; then so long nobody may write anything. */
const TAIL_MS = 4 * 3_600_000;
const TAIL_STEP_MS = 5_000;
const STILL_MS = 150_000;
/** How long a watch may still be behind after the last fault: it waits before it begins anew, or is mute until the next bookmark. */
const BLIND_MS = 150_000;

export interface AftermathOptions extends LivenessOptions {
  readonly fleets: Pick<Fleets, 'hosts' | 'isRestless'>;
  readonly conduct: Pick<Conduct, 'judgeWrites'>;
  /** No answer of the API server bears a date, so that a host goes by its own clock. */
  readonly isUndated: boolean;
  report(violation: Violation): void;
}

/** What comes after the last fault: every Task is to settle, and then nobody is to write any more. */
export class Aftermath {
  readonly #options: AftermathOptions;
  #isStill = false;

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  /** Whether all is done, so that nobody has anything to write. */
  get isStill(): boolean {
    return this.#isStill;
  }

  /** Lets the time go by until all is judged, or `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    const { world, ledger, fleets, conduct, report } = this.#options;
    const { clock } = world;
    const endsMs = clock.now() + TAIL_MS;
    let open = unsettled(this.#options);
    while ((open.length > 0 || fleets.isRestless) && clock.now() < endsMs && !isOver()) {
      await clock.runUntil(isOver, Math.min(endsMs, clock.now() + TAIL_STEP_MS));
      open = unsettled(this.#options);
    }
    for (const violation of open) report(violation);
    if (isOver()) return;
    await clock.runUntil(isOver, clock.now() + BLIND_MS + this.#behindMs());
    this.#isStill = true;
    await clock.runUntil(isOver, clock.now() + STILL_MS);
    for (const violation of unsettled(this.#options)) report(violation);
    for (const violation of keptLogFaults(ledger, world.server)) report(violation);
    for (const task of ledger.tasks.values()) conduct.judgeWrites(task);
  }

  /** By how much the clock that a host goes by is behind: what is to be done in its time, as clean-up is, is done so much later. */
  #behindMs(): number {
    const { isUndated, fleets } = this.#options;
    return isUndated ? Math.max(0, ...fleets.hosts.map(({ life }) => -life.aheadMs)) : 0;
  }
}
