import type { Cancel, Clock } from '../../clock.ts';
import { TimedOut } from './failures.ts';

/** One for all: an exception of its own for each call that is over, as `abort()` makes it, costs as much as the rest of this class. */
const OVER = new Error('the call is over');

/** When a call is given up: the caller's signal, or a time limit. */
export class Deadline {
  readonly #clock: Clock;
  readonly #outer: AbortSignal | undefined;
  #limitMs: number;
  #what: string;
  #cancel: Cancel = () => {};
  #over: { readonly reason: unknown } | undefined;
  #onOver: (reason: unknown) => void = () => {};
  #controller: AbortController | undefined;

  constructor(clock: Clock, limitMs: number, what: string, outer: AbortSignal | undefined) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#what = what;
    this.#outer = outer;
    if (outer?.aborted) this.#follow();
    else outer?.addEventListener('abort', this.#follow, { once: true });
    this.restart(limitMs, what);
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** Why the call was given up; `cause` when it was not. */
  reasonOr(cause: unknown): unknown {
    return this.#over === undefined ? cause : this.#over.reason;
  }

  /** Aborts when the call is given up. Made when it is asked for: it costs ten times what `onOver` does. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#over !== undefined) this.#controller.abort(this.#over.reason);
    }
    return this.#controller.signal;
  }

  /** Calls `listener`, and none that was given before, when the call is given up; at once when it is already. */
  onOver(listener: (reason: unknown) => void): void {
    this.#onOver = listener;
    if (this.#over !== undefined) listener(this.#over.reason);
  }

  /** Time runs from now; by another limit from now on, where one is given. */
  restart(limitMs: number = this.#limitMs, what: string = this.#what): void {
    this.#limitMs = limitMs;
    this.#what = what;
    this.#cancel();
    this.#cancel = this.#clock.after(this.#limitMs, () => this.#end(new TimedOut(this.#what, this.#limitMs)));
  }

  /** Time stands still until `restart`. */
  pause(): void {
    this.#cancel();
  }

  /** Nothing of the call is left: it has failed, or its answer was read to the end. */
  settle(): void {
    this.#cancel();
    this.#outer?.removeEventListener('abort', this.#follow);
  }

  /** Ends a call of which something may be left: the rest of a body is thrown away, so that its socket is freed. */
  end(): void {
    this.settle();
    this.#end(OVER);
  }

  #end(reason: unknown): void {
    if (this.#over !== undefined) return;
    this.#over = { reason };
    this.#controller?.abort(reason);
    this.#onOver(reason);
  }

  readonly #follow = (): void => this.#end(this.#outer?.reason);
}
