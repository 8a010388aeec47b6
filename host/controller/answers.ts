import type { ClusterError } from '../cluster/cluster.ts';
import type { Report } from './outcomes.ts';

/** Reports of one action, whatever it comes to. */
export interface Reporting {
  readonly actionId: string;
  readonly of: Report['of'];
}

export function succeeded(reporting: Reporting, answer?: string): Report {
  return { ...reporting, result: 'ok', ...(answer === undefined ? {} : { answer }) };
}

/**
 * What an error says of a write. From 500 on the server may have done it before it failed (504 says as much, and a gateway's 502 knows nothing), so the
 * outcome is unknown; the code stays, for people.
 */
export function failed(reporting: Reporting, error: ClusterError): Report {
  switch (error.type) {
    case 'Refused':
      return {
        ...reporting,
        result: error.code >= 500 ? 'unknown' : 'refused',
        code: error.code,
        ...(error.reason === '' ? {} : { reason: error.reason }),
        message: error.message,
        ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      };
    case 'Unreachable':
      return { ...reporting, result: 'unknown', message: error.message };
    case 'Credentials':
      return { ...reporting, result: 'refused', code: 0, reason: 'Credentials', message: error.message };
  }
}
