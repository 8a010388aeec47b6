import type { ClusterError } from './cluster.ts';
import type { RestartReason } from './reflector-states.ts';

/** Why a list or watch did not go on, and what is said of it. */
export interface Failure {
  readonly reason: RestartReason;
  readonly message: string;
  /** So long the server wants to be left alone. */
  readonly retryAfterMs?: number;
}

/** What a person can do about a refusal that does not pass by itself. */
const HINTS: Readonly<Record<number, string>> = {
  401: 'check the credentials in the kubeconfig, or the ServiceAccount',
  403: 'grant what host/manifests/base/rbac.yaml names',
  404: 'the API server does not know this kind: install its definition with "kubectl apply -k host/manifests"',
};

/** What a refused list or watch means to a reflector. */
export function failureOf(what: 'list' | 'watch', error: ClusterError): Failure {
  const hint = error.type === 'Refused' ? HINTS[error.code] : undefined;
  const message = `${what}: ${error.message}${hint === undefined ? '' : `; ${hint}`}`;
  if (error.type !== 'Refused') return { reason: error.type, message };
  const { code, retryAfterMs } = error;
  const rest = retryAfterMs === undefined ? { message } : { message, retryAfterMs };
  if (code === 410) return { reason: 'Expired', ...rest };
  if (code === 429) return { reason: 'Throttled', ...rest };
  return { reason: code >= 500 ? 'ServerError' : 'Refused', ...rest };
}
