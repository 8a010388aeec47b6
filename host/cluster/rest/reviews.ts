import type { Clock } from '../../clock.ts';
import type { Result } from '../cluster.ts';
import { Connection } from './connection.ts';
import { exchange } from './exchange.ts';
import type { KubeConfigSource } from './kube-config.ts';

/** An answer later than this helps nobody who scrapes. */
const TIMEOUT_MS = 5_000;

/** Who asks, as the API server knows them (`authentication.k8s.io/v1`). */
export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Asks the API server who somebody is and what they may do, as its own components are protected. */
export interface Reviews {
  /** Whose token this is; null: nobody's, or of another audience. */
  authenticate(token: string, signal?: AbortSignal): Promise<Result<User | null>>;
  /** Whether a user may do this with a path that is no resource, such as `get` with `/metrics`. */
  authorize(user: User, request: { readonly verb: string; readonly path: string }, signal?: AbortSignal): Promise<Result<boolean>>;
  close(): Promise<void>;
}

export interface ReviewsOptions extends KubeConfigSource {
  readonly clock: Clock;
  readonly userAgent: string;
}

interface TokenReview {
  readonly status?: { readonly authenticated?: boolean; readonly user?: Partial<User>; readonly error?: string };
}

interface SubjectAccessReview {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean };
}

/** Through a pool of its own, so that neither the controller's work nor whoever asks holds up the other. Needs `create` on `tokenreviews` and `subjectaccessreviews`. */
export function createReviews(options: ReviewsOptions): Reviews {
  const connection = new Connection(options);

  async function review<T>(group: string, kind: string, plural: string, spec: unknown, signal?: AbortSignal): Promise<Result<T>> {
    const path = `/apis/${group}/v1/${plural}`;
    const body = JSON.stringify({ apiVersion: `${group}/v1`, kind, spec });
    const request = { method: 'POST', path, contentType: 'application/json', body } as const;
    const decode = (text: string): Result<T> => ({ ok: true, value: JSON.parse(text) });
    return exchange(connection, request, decode, { clock: options.clock, timeoutMs: TIMEOUT_MS, signal });
  }

  return {
    authenticate: async (token, signal) => {
      const result = await review<TokenReview>('authentication.k8s.io', 'TokenReview', 'tokenreviews', { token }, signal);
      if (!result.ok) return result;
      const { authenticated, user } = result.value.status ?? {};
      return { ok: true, value: authenticated === true && user?.username ? { ...user, username: user.username } : null };
    },
    authorize: async ({ username, uid, groups, extra }, nonResourceAttributes, signal) => {
      const spec = { nonResourceAttributes, user: username, uid, groups, extra };
      const result = await review<SubjectAccessReview>('authorization.k8s.io', 'SubjectAccessReview', 'subjectaccessreviews', spec, signal);
      if (!result.ok) return result;
      const { allowed, denied } = result.value.status ?? {};
      return { ok: true, value: allowed === true && denied !== true };
    },
    close: () => connection.close(),
  };
}
