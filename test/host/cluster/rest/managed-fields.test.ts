import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withoutManagedFields } from '#host/cluster/rest/managed-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Texts that look like what is searched for, where anybody may put them. */
const TRAPS = [
  ',"managedFields":[{',
  '}]},"spec":',
  '}],"name":"',
  ',"spec":',
  '"metadata":{"name":"',
  '}]}}',
  '}]}}\n',
  'plain',
  '\\',
  '"',
  ',',
];
const trap = fc.array(fc.constantFrom(...TRAPS), { maxLength: 4 }).map((parts) => parts.join(''));
const texts = fc.dictionary(fc.oneof(trap, fc.constantFrom('spec', 'name', 'managedFields', 'metadata')), trap, { maxKeys: 4 });

/** Keys of `fieldsV1` as API servers make them of names and values of an object. */
const ownedKey = fc.oneof(
  trap.map((name) => `f:${name}`),
  trap.map((name) => `k:${JSON.stringify({ name })}`),
  trap.map((value) => `v:${JSON.stringify(value)}`),
  fc.constant('.'),
);
const owned = fc.dictionary(ownedKey, fc.dictionary(ownedKey, fc.constant({}), { maxKeys: 3 }), { maxKeys: 3 });
const entry = fc.record({ manager: trap, operation: fc.constant('Update'), fieldsType: fc.constant('FieldsV1'), fieldsV1: owned });
const managedFields = fc.array(entry, { minLength: 1, maxLength: 3 });

/** A spec in which everything is allowed that a custom resource may hold. */
const spec = fc.record({
  text: trap,
  env: fc.array(fc.record({ name: trap, value: trap }), { maxLength: 2 }),
  own: fc.record({ x: trap, managedFields: fc.array(fc.record({ name: trap }), { maxLength: 2 }), name: trap }),
  nested: fc.record({ metadata: fc.record({ name: trap, labels: texts }), spec: fc.record({ a: trap }) }),
});

const parts = fc.record({ annotations: texts, labels: texts, name: fc.constantFrom('a', 'fix-bug'), managedFields, spec });
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

/** In the order of Go's types, as built-in kinds come. */
const builtIn = ({ annotations, labels, name, spec, managedFields }: Parts, isManaged: boolean): Fields => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name, namespace: 'n', labels, annotations, finalizers: ['a/b'], ...(isManaged ? { managedFields } : {}) },
  spec,
  status: { phase: 'Running', conditions: [{ type: 'Ready' }] },
});

/** In the order of names, as custom resources come. */
const custom = ({ annotations, labels, name, spec, managedFields }: Parts, isManaged: boolean): Fields => ({
  apiVersion: 'kubeopencode.io/v1alpha1',
  kind: 'Task',
  metadata: {
    annotations,
    generation: 1,
    labels,
    ...(isManaged ? { managedFields } : {}),
    name,
    ownerReferences: [{ name: 'o' }],
    uid: 'u',
  },
  spec,
  status: { phase: 'Running' },
});

const metadataAlone = ({ annotations, labels, name, managedFields }: Parts, isManaged: boolean): Fields => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: { name, labels, annotations, ...(isManaged ? { managedFields } : {}) },
});

const asFrame = (object: Fields): Fields => ({ type: 'MODIFIED', object });
const asAnswer = (object: Fields): Fields => object;

describe('managedFields are cut out of the text, and nothing else is', () => {
  test.each([
    ['a built-in kind', builtIn, asFrame],
    ['a built-in kind alone', builtIn, asAnswer],
    ['a custom resource', custom, asFrame],
    ['a custom resource alone', custom, asAnswer],
    ['metadata alone', metadataAlone, asAnswer],
  ])('%s', (_, form, wrap) => {
    // Texts are compared, not what they mean: the JSON.parse of V8 13.6 mistakes short names with escapes for one another.
    const textOf = (given: Parts, isManaged: boolean): string => `${JSON.stringify(wrap(form(given, isManaged)))}\n`;
    let cut = 0;
    fc.assert(
      fc.property(parts, fc.boolean(), (given, isManaged) => {
        const result = withoutManagedFields(textOf(given, isManaged));
        // A name that is taken for another's costs the cut, never a field.
        expect([textOf(given, false), textOf(given, isManaged)]).toContain(result);
        if (isManaged && result === textOf(given, false)) cut += 1;
      }),
      { numRuns: 500 },
    );
    expect(cut).toBeGreaterThan(100);
  });

  test('a field of the same name in a spec stays, although the metadata has none', () => {
    const spec = { x: 1, managedFields: [{ manager: 'mine' }], name: 'mine' };
    const text = JSON.stringify({ apiVersion: 'a/v1', kind: 'Task', metadata: { name: 'a' }, spec });
    expect(withoutManagedFields(text)).toBe(text);
  });

  test.each([
    ['no JSON', 'hello'],
    ['a kind without a spec', '{"kind":"ConfigMap","metadata":{"name":"a","managedFields":[{"manager":"m"}]},"data":{"a":"b"}}'],
    ['a list that is cut off', '{"kind":"PartialObjectMetadata","metadata":{"name":"a","managedFields":[{"manager":"m"'],
    ['an empty list', '{"kind":"Pod","metadata":{"name":"a","managedFields":[]},"spec":{}}'],
  ])('%s comes back as it is', (_, text) => {
    expect(withoutManagedFields(text)).toBe(text);
  });
});
