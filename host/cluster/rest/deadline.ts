import type { Cancel, Clock } from '../../clock.ts';
import { TimedOut } from './failures.ts';

/** One for all: an exception of its own for each call that is over, as `abort()` makes it, costs as much as the rest of this class. */
const OVER = new Error('the call is over');

/** An abort signal that follows the caller's and a time limit. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #outer: AbortSignal | undefined;
  #limitMs: number;
  #what: string;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, limitMs: number, what: string, outer: AbortSignal | undefined) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#what = what;
    this.#outer = outer;
    if (outer?.aborted) this.#follow();
    else outer?.addEventListener('abort', this.#follow, { once: true });
    this.restart(limitMs, what);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Time runs from now; by another limit from now on, where one is given. */
  restart(limitMs: number = this.#limitMs, what: string = this.#what): void {
    this.#limitMs = limitMs;
    this.#what = what;
    this.#cancel();
    this.#cancel = this.#clock.after(this.#limitMs, () => this.#controller.abort(new TimedOut(this.#what, this.#limitMs)));
  }

  /** Time stands still until `restart`. */
  pause(): void {
    this.#cancel();
  }

  end(): void {
    this.#cancel();
    this.#outer?.removeEventListener('abort', this.#follow);
    // Whatever of a body is left is thrown away, so that its socket is freed.
    this.#controller.abort(OVER);
  }

  readonly #follow = (): void => this.#controller.abort(this.#outer?.reason);
}
