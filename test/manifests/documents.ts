import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

interface Reference {
  readonly name: string;
}

/** The fields of all kinds that tests look at. */
interface Spec {
  readonly agentRef?: Reference;
  readonly templateRef?: Reference;
  readonly maxConcurrentTasks?: number;
  readonly contexts?: readonly { readonly type: string }[];
  readonly template?: { readonly spec: PodTemplateSpec };
}

export interface PodTemplateSpec {
  readonly serviceAccountName: string;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly HostContainer[];
}

export interface HostContainer {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Probe {
  readonly httpGet: { readonly port: string; readonly path: string };
}

/** An object of a manifest file. */
export interface Document {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Spec;
}

/** Every object in the YAML files of a folder, in the order in which `kubectl apply -f` takes them. */
export function documentsIn(folder: string): readonly Document[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return files.sort().flatMap((file) =>
    parseAllDocuments(readFileSync(`${folder}/${file}`, 'utf8')).map((document) => {
      if (document.errors.length > 0) throw new Error(`reading ${folder}/${file}: ${document.errors.join('; ')}`);
      return { file, ...document.toJS() } as Document;
    }),
  );
}
