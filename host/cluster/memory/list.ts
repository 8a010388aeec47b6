import type { ListOptions, ObjectList, Result } from '../cluster.ts';
import { badRequest, continueExpired, expired, versionTooLarge } from './errors.ts';
import { keyOf, type ObjectStore } from './object-store.ts';
import { compileScope } from './selectors.ts';

/** What a continue token says: the version of the list, and the last key that was given. */
interface Token {
  readonly revision: number;
  readonly after: string;
}

/** One page of a list. All pages of a list show the state at the version of the first, until compaction ends that (410). `staleRevision`: what a cache that lags behind holds. */
export function listPage(store: ObjectStore, options: ListOptions, staleRevision?: number): Result<ObjectList> {
  const scope = compileScope(options);
  if (!scope.ok) return scope;
  const start = startOf(store, options, staleRevision);
  if (!start.ok) return start;
  const { revision, after } = start.value;
  const limit = options.limit ?? 0;
  const items = store.sorted(options.kind, revision).filter((object) => {
    return scope.value(object) && (after === '' || keyOf(object.metadata.namespace, object.metadata.name) > after);
  });
  const resourceVersion = String(revision);
  const last = items[limit - 1];
  if (limit === 0 || items.length <= limit || last === undefined) return { ok: true, value: { resourceVersion, items } };
  const continueToken = encode({ revision, after: keyOf(last.metadata.namespace, last.metadata.name) });
  return { ok: true, value: { resourceVersion, continueToken, items: items.slice(0, limit) } };
}

function startOf(store: ObjectStore, options: ListOptions, staleRevision: number | undefined): Result<Token> {
  const { continueToken, resourceVersion, resourceVersionMatch } = options;
  if (continueToken !== undefined && continueToken !== '') {
    const token = decode(continueToken);
    if (token === undefined) return { ok: false, error: badRequest('invalid continue token: continue key is not valid') };
    if (token.revision < store.compactedRevision) return { ok: false, error: continueExpired() };
    return { ok: true, value: token };
  }
  const current: Token = { revision: store.revision, after: '' };
  if (resourceVersion === undefined || resourceVersion === '') return { ok: true, value: current };
  const wanted = Number(resourceVersion);
  if (!Number.isSafeInteger(wanted)) return { ok: false, error: badRequest(`resourceVersion: Invalid value: "${resourceVersion}"`) };
  if (wanted > store.revision) return { ok: false, error: versionTooLarge(resourceVersion, store.revision) };
  if (resourceVersionMatch === 'Exact') {
    if (wanted < store.compactedRevision) return { ok: false, error: expired(wanted, store.compactedRevision) };
    return { ok: true, value: { revision: wanted, after: '' } };
  }
  // A cache may lag, but neither behind what the client has seen nor behind compaction.
  const revision = Math.max(wanted, store.compactedRevision, Math.min(staleRevision ?? store.revision, store.revision));
  return { ok: true, value: { revision, after: '' } };
}

function encode(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function decode(text: string): Token | undefined {
  try {
    const { revision, after } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<Token>;
    return typeof revision === 'number' && typeof after === 'string' ? { revision, after } : undefined;
  } catch {
    return undefined;
  }
}
