import * as z from 'zod';
import { retrySchema, stopSchema } from './asked.ts';
import { lintSchema } from './lint.ts';
import { planSchema } from './plan.ts';
import { releaseSchema } from './release.ts';
import { explainedSchema, replaySchema } from './replay.ts';
import { simulateSchema } from './simulate.ts';
import { statusSchema } from './status.ts';
import { versionSchema } from './version.ts';
import { whySchema } from './why.ts';

/** What `-o json` prints, by command; `replay-explain` is `replay --explain`. The number is that of `formatVersion`. */
const OUTPUTS = {
  plan: { version: 1, schema: planSchema },
  why: { version: 1, schema: whySchema },
  status: { version: 1, schema: statusSchema },
  replay: { version: 1, schema: replaySchema },
  'replay-explain': { version: 1, schema: explainedSchema },
  stop: { version: 1, schema: stopSchema },
  retry: { version: 1, schema: retrySchema },
  simulate: { version: 1, schema: simulateSchema },
  lint: { version: 1, schema: lintSchema },
  release: { version: 1, schema: releaseSchema },
  version: { version: 1, schema: versionSchema },
} as const satisfies Record<string, { readonly version: number; readonly schema: z.ZodType }>;

export type OutputName = keyof typeof OUTPUTS;
export const OUTPUT_NAMES = Object.keys(OUTPUTS) as readonly OutputName[];

/** File name of a published schema: `plan.v1.json`. */
export function schemaFileName(name: OutputName): string {
  return `${name}.v${OUTPUTS[name].version}.json`;
}

/** JSON Schema (draft 2020-12) of what a command prints. It allows no field that it does not name: take the schema that comes with the plugin. */
export function schemaOf(name: OutputName): Readonly<Record<string, unknown>> {
  const { version, schema } = OUTPUTS[name];
  const { $schema, description, ...rest } = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    override: ({ jsonSchema }) => plain(jsonSchema),
  });
  return { $schema, $id: `urn:kubeopencode:schema:${name}:v${version}`, title: `kubectl opencode ${name}`, description, ...rest };
}

/** Without what says nothing: the bounds of JavaScript's whole numbers, and what only a CRD can use. */
function plain(schema: Record<string, unknown>): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  for (const key of Object.keys(schema)) if (key.startsWith('x-kubernetes-')) delete schema[key];
}
