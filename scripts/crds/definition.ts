import * as z from 'zod';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import { type Schema, structural } from './structural.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: shown with `-o wide` only. */
  readonly priority?: 1;
}

/** What a CustomResourceDefinition says beside its schema. */
export interface Definition {
  readonly kind: Kind;
  readonly shortName: string;
  readonly schema: z.ZodType;
  readonly description: string;
  readonly hasStatus: boolean;
  readonly columns: readonly PrinterColumn[];
  readonly selectableFields: readonly string[];
}

/** The CustomResourceDefinition of a kind (`apiextensions.k8s.io/v1`). */
export function customResourceDefinition(definition: Definition): Schema {
  const { kind, shortName, hasStatus, columns, selectableFields } = definition;
  const { group, version, plural, namespaced } = RESOURCES[kind];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'app.kubernetes.io/part-of': 'kubeopencode' } },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames: [shortName] },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(hasStatus ? { subresources: { status: {} } } : {}),
          ...(selectableFields.length === 0 ? {} : { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) }),
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

/** Structural schema of the whole object. The API server owns apiVersion, kind and metadata, and allows no rule about them here. */
export function rootSchema({ schema, description }: Pick<Definition, 'schema' | 'description'>): Schema {
  const root = structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }));
  const properties = { ...(root.properties as Readonly<Record<string, Schema>>) };
  return {
    ...root,
    description,
    required: ['spec'],
    properties: { ...properties, apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } },
  };
}
