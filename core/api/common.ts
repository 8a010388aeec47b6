import * as z from 'zod';
import { parseDuration } from '../units/duration.ts';
import type { KubernetesObject } from './kubernetes.ts';

/** `apiVersion` of every kind that this project owns. */
export const API_VERSION = 'kubeopencode.io/v1alpha1';

/** Deeply readonly form of what a schema accepts; optional fields are absent, never `undefined`. */
export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<Exclude<T[Key], undefined>> }
    : T;

/** Type of an object as people write it: fields with a default are optional, because a manifest in a file lacks them. */
export type Infer<Schema extends z.ZodType> = Immutable<z.input<Schema>>;

/** An object of one of our kinds. */
export interface Resource<Spec, Status> extends KubernetesObject {
  readonly spec: Spec;
  readonly status?: Status;
}

/** One validation rule in its two forms: `cel` for the API server, `holds` for files. Both refuse with `message`, which names the field and the form it wants. */
export interface Rule<Value> {
  readonly cel: string;
  readonly message: string;
  readonly holds: (value: Value) => boolean;
  /** Field below the schema's own that the refusal is about. */
  readonly field?: string;
  /** Rules over `oldSelf` (immutability) can't be checked in a file; for them the API server ignores creation too. */
  readonly transition?: true;
}

/** `schema` with `rules` as zod refinements and as `x-kubernetes-validations`. */
export function withRules<Schema extends z.ZodType>(schema: Schema, rules: readonly Rule<z.output<Schema>>[]): Schema {
  const refined = rules
    .filter((rule) => !rule.transition)
    .reduce<Schema>(
      (checked, rule) => checked.refine(rule.holds, { message: rule.message, path: rule.field === undefined ? [] : [rule.field] }),
      schema,
    );
  return refined.meta({
    ...schema.meta(),
    'x-kubernetes-validations': rules.map(({ cel, message, field }) => ({
      rule: cel,
      message,
      ...(field === undefined ? {} : { fieldPath: `.${field}` }),
    })),
  });
}

/** Any JSON object, kept as it is: for Kubernetes types too deep to repeat, which the API server checks when the Pod is created. */
export const anyObject = z.looseObject({});

/** Any JSON value; null is no value, as everywhere in a custom resource. */
export const anyJson = z.unknown().refine((value) => value !== null, { message: 'must not be null' });

/** A list whose items differ (`x-kubernetes-list-type: set`). */
export function listSet<Item extends z.ZodString>(item: Item) {
  return distinct(z.array(item), (value) => String(value)).meta({ 'x-kubernetes-list-type': 'set' });
}

/** A list whose items differ in one field (`x-kubernetes-list-type: map`). */
export function listMap<Item extends z.ZodType<Readonly<Record<Key, unknown>>>, Key extends string>(item: Item, key: Key) {
  return distinct(z.array(item), (value) => String(value[key])).meta({
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [key],
  });
}

function distinct<Item extends z.ZodType>(list: z.ZodArray<Item>, nameOf: (value: z.output<Item>) => string): z.ZodArray<Item> {
  return list.superRefine((values, context) => {
    const names = values.map(nameOf);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) < index)
        context.addIssue({ code: 'custom', path: [index], message: `duplicate value ${JSON.stringify(name)}` });
    }
  });
}

/** What Go's `time.ParseDuration` accepts: signed decimal numbers with a unit each, or a bare 0. */
export const DURATION_PATTERN = '^[-+]?(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$';

/** A Go duration, such as `90s` or `1h30m`. The refusal shows the right form. */
export const duration = withRules(z.string().max(32), [
  {
    // The second half refuses what overflows: there `duration()` itself fails.
    cel: `self.matches('${DURATION_PATTERN.replaceAll('\\', '\\\\')}') && duration(self) <= duration('2562047h47m16s')`,
    message: 'must be a duration such as 90s, 30m or 1h30m (units ns, us, ms, s, m, h)',
    holds: (text) => parseDuration(text).ok,
  },
]);

/** A Kubernetes quantity: `500m`, `4Gi`, or a plain number. Pattern: apimachinery pkg/api/resource. */
const quantityText = z
  .string()
  .regex(/^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$/, {
    message: 'must be a quantity such as 500m, 2 or 4Gi',
  });
export const quantity = z.union([z.int(), quantityText], { error: 'must be a quantity such as 500m, 2 or 4Gi' });

/** Reference to an object of the same namespace by name. */
export const nameRef = z.strictObject({ name: z.string().describe('Name of the object in the same namespace.') });
export type NameRef = Infer<typeof nameRef>;

export const condition = z.strictObject({
  type: z
    .string()
    .max(316)
    .regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/)
    .describe('Type of the condition in CamelCase.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Status of the condition.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why the condition has this status, in CamelCase.'),
  message: z.string().max(32_768).describe('Details for people.'),
  lastTransitionTime: time().describe('When the status changed last.'),
  observedGeneration: z.int().min(0).optional().describe('Generation of the object that the condition is about.'),
});

/** Conditions as every kind has them: one a type. */
export const conditions = listMap(condition, 'type').describe('Latest observations of the object’s state.');

/** RFC 3339 time. */
export function time() {
  return z.string().meta({ format: 'date-time' });
}

/** The metadata that a manifest in a file may bear; what else it bears is the API server's business. */
export const metadata = z.looseObject({
  name: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
      message: 'must be a lowercase DNS name: letters, digits, - and ., beginning and ending with a letter or digit',
    })
    .optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
