import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { Address, ListOptions, LogOptions, Scope, WatchOptions } from '../cluster.ts';

type Query = Readonly<Record<string, string | number | undefined>>;

/** Path of all objects of a kind, in a namespace or everywhere. */
export function collectionPath(kind: Kind, namespace?: string): string {
  const { group, version, plural, namespaced } = RESOURCES[kind];
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced && namespace ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}` : `${root}/${plural}`;
}

/** Path of one object, or of its subresource. Throws without a name: the path would be that of the collection. */
export function objectPath({ kind, namespace, name }: Address, subresource?: 'status' | 'log'): string {
  if (name === '') throw new Error(`address an object: expected the name of a ${kind}, came an empty one`);
  if (RESOURCES[kind].namespaced && namespace === '') throw new Error(`address ${kind} ${name}: expected a namespace, came an empty one`);
  const path = `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export function listPath(options: ListOptions): string {
  const { limit, continueToken, resourceVersion, resourceVersionMatch } = options;
  return withQuery(collectionPath(options.kind, options.namespace), {
    ...selectors(options),
    limit,
    continue: continueToken,
    resourceVersion,
    resourceVersionMatch,
  });
}

export function watchPath(options: WatchOptions): string {
  const { resourceVersion, timeoutSeconds } = options;
  return withQuery(collectionPath(options.kind, options.namespace), {
    ...selectors(options),
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds,
  });
}

export function logPath(address: Address, options: LogOptions, how: 'whole' | 'follow' = 'whole'): string {
  const { container, tailLines, limitBytes, sinceSeconds, sinceTime, timestamps } = options;
  return withQuery(objectPath(address, 'log'), {
    container,
    tailLines,
    limitBytes,
    sinceSeconds,
    sinceTime,
    timestamps: timestamps === true ? 'true' : undefined,
    follow: how === 'follow' ? 'true' : undefined,
  });
}

/** A path with what is to become of fields that the API server does not know. */
export function writePath(path: string, fieldValidation: 'Strict' | undefined): string {
  return withQuery(path, { fieldValidation });
}

function selectors({ labelSelector, fieldSelector }: Scope): Query {
  return { labelSelector, fieldSelector };
}

function withQuery(path: string, query: Query): string {
  const parts = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`]));
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}
