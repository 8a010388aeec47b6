import { assertNever, type Effect } from '#core/contract/decision.ts';
import type { Clock } from '../clock.ts';
import type { Cluster, ClusterError, Result } from '../cluster/cluster.ts';
import { failed, succeeded } from './answers.ts';
import { keepLogTail } from './logs/log-tail.ts';
import type { Report } from './outcomes.ts';
import type { SubjectKey } from './subject.ts';

/** What a session of an Agent's OpenCode server is asked; HTTP, and so elsewhere. Values, not exceptions. */
export interface Sessions {
  /** What the session with this title used and changed, as the JSON that goes into `Task.status.session`; null when there is none. */
  summary(url: string, title: string, signal: AbortSignal): Promise<Result<Readonly<Record<string, unknown>> | null>>;
  /** Ends the session with this title, if there is one. */
  abort(url: string, title: string, signal: AbortSignal): Promise<Result<null>>;
}

/** No Effect may take longer; one that follows a log so much longer than it follows. */
export const EFFECT_DEADLINE_MS = 30_000;

/**
 * Effects of all subjects that run at a time; others wait. A log is followed for as long as its Pod takes to end, so logs wait only for each other. Each
 * holds at most what it keeps and 4 KiB: 64 of 64 KiB are 4 MiB, and of 512 KiB, the most that can be kept, 32 MiB.
 */
const MAX_RUNNING = { sessions: 16, logs: 64 } as const;

export interface EffectsOptions {
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'patch' | 'followLogs'>;
  readonly clock: Clock;
  readonly sessions: Sessions;
  /** Text of a log without secrets. */
  readonly redactLog: (text: string) => string;
  readonly signal: AbortSignal;
  /** Called when an Effect has come to something. */
  onDone(subject: SubjectKey, effect: Effect, report: Report): void;
}

/** Runs Effects aside: no decision waits for them, and each that the core asks for again while it runs is run once. */
export class Effects {
  readonly #options: EffectsOptions;
  readonly #bySubject = new Map<SubjectKey, Map<string, Job>>();
  readonly #lanes: Readonly<Record<keyof typeof MAX_RUNNING, Lane>> = {
    sessions: { waiting: new Set(), running: 0, most: MAX_RUNNING.sessions },
    logs: { waiting: new Set(), running: 0, most: MAX_RUNNING.logs },
  };

  constructor(options: EffectsOptions) {
    this.#options = options;
  }

  /** Effects that run or wait. */
  get size(): number {
    let size = 0;
    for (const jobs of this.#bySubject.values()) size += jobs.size;
    return size;
  }

  /** Ids of a subject's Effects that run or wait. */
  of(subject: SubjectKey): readonly string[] {
    return [...(this.#bySubject.get(subject)?.keys() ?? [])];
  }

  run(subject: SubjectKey, effect: Effect): void {
    const jobs = this.#bySubject.get(subject) ?? new Map<string, Job>();
    if (jobs.has(effect.id)) return;
    const lane = this.#lanes[effect.kind === 'LogTail' ? 'logs' : 'sessions'];
    const job: Job = { subject, effect, lane, aborter: new AbortController() };
    this.#bySubject.set(subject, jobs.set(effect.id, job));
    lane.waiting.add(job);
    this.#next(lane);
  }

  /** The subject is gone: what runs or waits for it ends, and is not told of. */
  forget(subject: SubjectKey): void {
    const jobs = this.#bySubject.get(subject);
    this.#bySubject.delete(subject);
    for (const job of jobs?.values() ?? []) {
      job.lane.waiting.delete(job);
      job.aborter.abort(new Error('the Task is gone'));
    }
  }

  #next(lane: Lane): void {
    const [job] = lane.waiting;
    if (job === undefined || lane.running >= lane.most) return;
    lane.waiting.delete(job);
    lane.running += 1;
    void this.#perform(job).then((report) => {
      lane.running -= 1;
      this.#next(lane);
      const isWanted = this.#drop(job);
      if (isWanted && !this.#options.signal.aborted) this.#options.onDone(job.subject, job.effect, report);
    });
  }

  /** Whether the job was still known. */
  #drop(job: Job): boolean {
    const jobs = this.#bySubject.get(job.subject);
    if (jobs?.get(job.effect.id) !== job) return false;
    jobs.delete(job.effect.id);
    if (jobs.size === 0) this.#bySubject.delete(job.subject);
    return true;
  }

  async #perform({ effect, aborter }: Job): Promise<Report> {
    const { clock, signal } = this.#options;
    const reporting = { actionId: effect.id, of: 'Effect' as const };
    const deadlineMs = EFFECT_DEADLINE_MS + (effect.kind === 'LogTail' ? effect.followSeconds * 1_000 : 0);
    const cancel = clock.after(deadlineMs, () =>
      aborter.abort(new Error(`${effect.kind}: expected an answer within ${deadlineMs / 1_000} s`)),
    );
    try {
      const result = await this.#call(effect, AbortSignal.any([signal, aborter.signal]));
      return result.ok ? succeeded(reporting, result.value) : failed(reporting, result.error);
    } catch (error) {
      return failed(reporting, unreachable(effect, error));
    } finally {
      cancel();
    }
  }

  async #call(effect: Effect, signal: AbortSignal): Promise<Result<string>> {
    const { cluster, clock, sessions, redactLog } = this.#options;
    switch (effect.kind) {
      case 'LogTail':
        return inJson(await keepLogTail({ cluster, clock, redact: redactLog }, effect, signal));
      case 'SessionSummary':
        return inJson(await sessions.summary(effect.url, effect.title, signal));
      case 'SessionAbort':
        return inJson(await sessions.abort(effect.url, effect.title, signal));
      default:
        return assertNever(effect);
    }
  }
}

interface Job {
  readonly subject: SubjectKey;
  readonly effect: Effect;
  readonly lane: Lane;
  readonly aborter: AbortController;
}

interface Lane {
  /** In the order in which they came. */
  readonly waiting: Set<Job>;
  running: number;
  readonly most: number;
}

function inJson(result: Result<unknown>): Result<string> {
  return result.ok ? { ok: true, value: JSON.stringify(result.value) } : result;
}

function unreachable(effect: Effect, error: unknown): ClusterError {
  return { type: 'Unreachable', message: `${effect.kind} ${effect.id}: ${String(error)}`, cause: error };
}
