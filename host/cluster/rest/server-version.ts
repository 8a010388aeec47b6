import type { Clock } from '../../clock.ts';
import type { Result } from '../cluster.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { exchange } from './exchange.ts';

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
  const decode = (text: string): Result<string> => {
    const version = gitVersion(text);
    if (version !== undefined) return { ok: true, value: version };
    const came = `expected the version of a Kubernetes API server, came ${text.slice(0, 80)}`;
    return { ok: false, error: { type: 'Unreachable', message: `GET ${connection.server}/version: ${came}` } };
  };
  try {
    const { clock, requestTimeoutMs = DEFAULT_TIMEOUT_MS } = options;
    return await exchange(connection, { method: 'GET', path: '/version' }, decode, { clock, timeoutMs: requestTimeoutMs });
  } finally {
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
