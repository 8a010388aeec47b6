import type { Clock } from '../../clock.ts';
import type { Result } from '../cluster.ts';
import { refusal, retryAfter } from './answers.ts';
import type { Connection, HttpRequest } from './connection.ts';
import { Deadline } from './deadline.ts';
import { unreachable } from './failures.ts';

export interface ExchangeOptions {
  readonly clock: Clock;
  /** Milliseconds until the whole answer is there. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** One request about something that is no object of a `Cluster`, and what its answer comes to; what `decode` throws is an answer that can't be read. */
export async function exchange<T>(
  connection: Connection,
  request: HttpRequest,
  decode: (text: string) => Result<T>,
  { clock, timeoutMs, signal }: ExchangeOptions,
): Promise<Result<T>> {
  const deadline = new Deadline(clock, timeoutMs, 'none came', signal);
  try {
    const called = await connection.call(request, deadline);
    if (!called.ok) return called;
    const { code, headers, text } = called.value;
    if (code > 299) return { ok: false, error: refusal(code, text, retryAfter(headers['retry-after'], clock.now())) };
    return decode(text);
  } catch (cause) {
    return { ok: false, error: unreachable(`${request.method} ${connection.server}${request.path}`, cause) };
  } finally {
    deadline.settle();
  }
}
