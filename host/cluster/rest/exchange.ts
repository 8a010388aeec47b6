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
    const opened = await connection.open(request, deadline.signal);
    if (!opened.ok) return opened;
    const { statusCode, headers, body } = opened.value;
    const text = await body.text();
    if (statusCode > 299) return { ok: false, error: refusal(statusCode, text, retryAfter(headers['retry-after'], clock.now())) };
    return decode(text);
  } catch (cause) {
    const what = `${request.method} ${connection.server}${request.path}`;
    return { ok: false, error: unreachable(what, deadline.signal.aborted ? deadline.signal.reason : cause) };
  } finally {
    deadline.end();
  }
}
