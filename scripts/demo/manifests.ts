import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';

export type Manifest = KubernetesObject & { readonly kind: Kind };

/** Where the demo lives. */
export const NAMESPACE = 'default';

/** Every object of every YAML file of a folder, in the order in which `kubectl apply -f FOLDER` takes them; namespaced ones without namespace go to `namespace`. */
export function readManifests(folder: string, namespace: string): Manifest[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort();
  return files.flatMap((file) => {
    return parseAllDocuments(readFileSync(`${folder}/${file}`, 'utf8')).flatMap((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw new Error(`read ${file}: expected YAML: ${error.message}`);
      const object: unknown = document.toJS();
      return object === null ? [] : [placed(file, object, namespace)];
    });
  });
}

function placed(file: string, object: unknown, namespace: string): Manifest {
  const { kind, metadata } = object as Partial<KubernetesObject>;
  if (kind === undefined || !isKind(kind) || metadata?.name === undefined) {
    throw new Error(`read ${file}: expected objects of ${Object.keys(RESOURCES).join(', ')} with a name, got ${kind ?? 'no kind'}`);
  }
  const place = RESOURCES[kind].namespaced && metadata.namespace === undefined ? { namespace } : {};
  return { ...(object as KubernetesObject), kind, metadata: { ...metadata, ...place } };
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(RESOURCES, kind);
}
