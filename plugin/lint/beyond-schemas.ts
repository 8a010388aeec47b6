import type { SourceObject } from '../input/documents.ts';
import type { Fault } from '../input/fault.ts';
import { isUnknownKind, OUR_GROUP } from '../input/kinds.ts';
import { didYouMean } from '../near-names.ts';

/** What no schema of one object can tell. */
export interface BeyondSchemas {
  readonly faults: readonly Fault[];
  readonly notes: readonly Fault[];
  /** `Kind/name` of objects that say they are ours and are of no kind of ours. */
  readonly unknownKinds: readonly string[];
}

interface Entry {
  readonly document: SourceObject;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Reference {
  readonly path: readonly PropertyKey[];
  readonly kind: 'Agent' | 'AgentTemplate' | 'ConfigMap';
  readonly name: string;
}

/** Names that are used twice, kinds of our group that there are not, and references that no file has. Objects with other faults are looked at, too. */
export function findBeyondSchemas(documents: readonly SourceObject[], namespace: string): BeyondSchemas {
  const entries = documents.flatMap((document) => entryOf(document, namespace));
  const unknown = entries.filter(({ kind, fields }) => isUnknownKind(kind, String(fields.apiVersion)));
  return {
    faults: duplicates(entries),
    notes: entries.flatMap((entry) => referencesOf(entry).flatMap((reference) => missing(entry, reference, entries))),
    unknownKinds: unknown.map(({ kind, name }) => `${kind}/${name}`),
  };
}

function entryOf(document: SourceObject, namespace: string): readonly Entry[] {
  const fields = asFields(document.value);
  const metadata = asFields(fields.metadata);
  if (typeof fields.kind !== 'string' || typeof fields.apiVersion !== 'string') return [];
  const name = typeof metadata.name === 'string' ? metadata.name : '';
  return [
    { document, fields, kind: fields.kind, name, namespace: typeof metadata.namespace === 'string' ? metadata.namespace : namespace },
  ];
}

function duplicates(entries: readonly Entry[]): readonly Fault[] {
  const seen = new Set<string>();
  const faults: Fault[] = [];
  for (const entry of entries) {
    const key = keyOf(entry);
    if (key === undefined) continue;
    if (seen.has(key)) faults.push(entry.document.fault(['metadata', 'name'], `${key} is there twice; a name may be used once`));
    seen.add(key);
  }
  return faults;
}

/** undefined where the API server makes the name, and for kinds that are somebody else's. */
function keyOf({ kind, name, namespace, fields }: Entry): string | undefined {
  const isOurs = String(fields.apiVersion).startsWith(OUR_GROUP) || (kind === 'ConfigMap' && fields.apiVersion === 'v1');
  if (name === '' || !isOurs) return undefined;
  return kind === 'KubeOpenCodeConfig' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

function referencesOf({ kind, fields }: Entry): readonly Reference[] {
  const spec = asFields(fields.spec);
  switch (kind) {
    case 'Task':
      return [...named(spec, 'agentRef', 'Agent'), ...named(spec, 'templateRef', 'AgentTemplate'), ...configMaps(spec)];
    case 'Agent':
      return [...named(spec, 'templateRef', 'AgentTemplate'), ...configMaps(spec)];
    case 'AgentTemplate':
      return configMaps(spec);
    default:
      return [];
  }
}

function named(spec: Readonly<Record<string, unknown>>, field: string, kind: Reference['kind']): readonly Reference[] {
  const { name } = asFields(spec[field]);
  return typeof name === 'string' ? [{ path: ['spec', field, 'name'], kind, name }] : [];
}

function configMaps(spec: Readonly<Record<string, unknown>>): readonly Reference[] {
  const contexts: readonly unknown[] = Array.isArray(spec.contexts) ? spec.contexts : [];
  return contexts.flatMap((context, index) => {
    const { name, optional } = asFields(asFields(context).configMap);
    if (typeof name !== 'string' || optional === true) return [];
    return [{ path: ['spec', 'contexts', index, 'configMap', 'name'], kind: 'ConfigMap', name } as const];
  });
}

function missing({ document, namespace }: Entry, { path, kind, name }: Reference, entries: readonly Entry[]): readonly Fault[] {
  const sameKind = entries.filter((other) => other.kind === kind);
  if (sameKind.some((other) => other.name === name && other.namespace === namespace)) return [];
  const elsewhere = sameKind.find((other) => other.name === name);
  const near = sameKind.filter((other) => other.namespace === namespace).map((other) => other.name);
  const meant = didYouMean(name, near);
  const wanted = meant === '' ? '; it must be in the cluster' : `${meant}, or is it in the cluster`;
  const hint = elsewhere === undefined ? wanted : `; the one in namespace ${elsewhere.namespace} does not count`;
  return [document.fault(path, `${kind} ${name} is in no file for namespace ${namespace}${hint}`)];
}

function asFields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
