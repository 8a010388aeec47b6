import { assertNever, type Effect } from '#core/contract/decision.ts';
import type { Clock } from '../clock.ts';
import type { Cluster, ClusterError, Result } from '../cluster/cluster.ts';
import { failed, succeeded } from './answers.ts';
import type { Report } from './outcomes.ts';
import type { SubjectKey } from './subject.ts';

/** What a session of an Agent's OpenCode server is asked; HTTP, and so elsewhere. Values, not exceptions. */
export interface Sessions {
  /** What the session with this title used and changed, as the JSON that goes into `Task.status.session`; null when there is none. */
  summary(url: string, title: string, signal: AbortSignal): Promise<Result<Readonly<Record<string, unknown>> | null>>;
  /** Ends the session with this title, if there is one. */
  abort(url: string, title: string, signal: AbortSignal): Promise<Result<null>>;
}

/** No Effect may take longer. */
export const EFFECT_DEADLINE_MS = 30_000;
/** Effects of all subjects that run at a time; others wait. */
const MAX_RUNNING = 16;
/** The API server counts `limitBytes` from the first line that it sends, so the tail is cut here, from this many lines. */
const TAIL_LINES = 500;
const TAIL_READ_BYTES = 1_048_576;

export interface EffectsOptions {
  readonly cluster: Pick<Cluster, 'logs'>;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly signal: AbortSignal;
  /** Called when an Effect has come to something. */
  onDone(subject: SubjectKey, effect: Effect, report: Report): void;
}

/** Runs Effects aside: no decision waits for them, and each that the core asks for again while it runs is run once. */
export class Effects {
  readonly #options: EffectsOptions;
  readonly #known = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: EffectsOptions) {
    this.#options = options;
  }

  /** Effects that run or wait. */
  get size(): number {
    return this.#known.size;
  }

  run(subject: SubjectKey, effect: Effect): void {
    const id = `${subject} ${effect.id}`;
    if (this.#known.has(id)) return;
    this.#known.add(id);
    const start = (): void => {
      void this.#perform(effect).then((report) => {
        this.#known.delete(id);
        this.#running -= 1;
        this.#next();
        if (!this.#options.signal.aborted) this.#options.onDone(subject, effect, report);
      });
    };
    this.#waiting.push(start);
    this.#next();
  }

  #next(): void {
    if (this.#running >= MAX_RUNNING) return;
    const start = this.#waiting.shift();
    if (start === undefined) return;
    this.#running += 1;
    start();
  }

  async #perform(effect: Effect): Promise<Report> {
    const { clock, signal } = this.#options;
    const reporting = { actionId: effect.id, of: 'Effect' as const };
    const aborter = new AbortController();
    const onAbort = (): void => aborter.abort(signal.reason);
    const seconds = EFFECT_DEADLINE_MS / 1_000;
    const cancel = clock.after(EFFECT_DEADLINE_MS, () =>
      aborter.abort(new Error(`${effect.kind}: expected an answer within ${seconds} s`)),
    );
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      const result = await this.#call(effect, aborter.signal);
      return result.ok ? succeeded(reporting, result.value) : failed(reporting, result.error);
    } catch (error) {
      return failed(reporting, unreachable(effect, error));
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #call(effect: Effect, signal: AbortSignal): Promise<Result<string>> {
    const { cluster, sessions } = this.#options;
    switch (effect.kind) {
      case 'LogTail': {
        const { pod, container, limitBytes } = effect;
        const result = await cluster.logs(pod, { container, tailLines: TAIL_LINES, limitBytes: TAIL_READ_BYTES }, signal);
        return result.ok ? { ok: true, value: lastBytes(result.value, limitBytes) } : result;
      }
      case 'SessionSummary': {
        const result = await sessions.summary(effect.url, effect.title, signal);
        return result.ok ? { ok: true, value: JSON.stringify(result.value) } : result;
      }
      case 'SessionAbort': {
        const result = await sessions.abort(effect.url, effect.title, signal);
        return result.ok ? { ok: true, value: 'null' } : result;
      }
      default:
        return assertNever(effect);
    }
  }
}

function unreachable(effect: Effect, error: unknown): ClusterError {
  return { type: 'Unreachable', message: `${effect.kind} ${effect.id}: ${String(error)}`, cause: error };
}

/** The end of a text in at most so many bytes of UTF-8, never from the middle of a character. */
export function lastBytes(text: string, limitBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  let from = Math.max(0, bytes.length - limitBytes);
  while (from < bytes.length && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return new TextDecoder().decode(bytes.subarray(from));
}
