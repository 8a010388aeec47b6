import type { Clock } from '../../clock.ts';
import type { Result } from '../cluster.ts';
import { refusal, retryAfter } from './answers.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { Deadline } from './deadline.ts';
import { unreachable } from './failures.ts';

/** As client-go's discovery: an answer that is not there by then does not come. */
const DEFAULT_TIMEOUT_MS = 30_000;

export interface ServerVersionOptions extends Omit<ConnectionOptions, 'clock'> {
  readonly clock: Clock;
  /** Milliseconds. Default: 30,000. */
  readonly requestTimeoutMs?: number;
}

/** Which Kubernetes an API server is: its `gitVersion`, such as `v1.33.1` or `v1.33.1-eks-1234`. Throws when there is no usable kubeconfig. */
export async function readServerVersion(options: ServerVersionOptions): Promise<Result<string>> {
  const connection = new Connection(options);
  const what = `GET ${connection.server}/version`;
  const deadline = new Deadline(options.clock, options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS, 'none came', undefined);
  try {
    const opened = await connection.open({ method: 'GET', path: '/version' }, deadline.signal);
    if (!opened.ok) return opened;
    const { statusCode, headers } = opened.value;
    const text = await opened.value.body.text();
    if (statusCode > 299) return { ok: false, error: refusal(statusCode, text, retryAfter(headers['retry-after'], options.clock.now())) };
    const version = gitVersion(text);
    return version === undefined
      ? {
          ok: false,
          error: { type: 'Unreachable', message: `${what}: expected the version of a Kubernetes API server, came ${text.slice(0, 80)}` },
        }
      : { ok: true, value: version };
  } catch (cause) {
    return { ok: false, error: unreachable(what, deadline.signal.aborted ? deadline.signal.reason : cause) };
  } finally {
    deadline.end();
    await connection.close();
  }
}

function gitVersion(text: string): string | undefined {
  try {
    const { gitVersion: version }: { readonly gitVersion?: unknown } = JSON.parse(text) ?? {};
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
