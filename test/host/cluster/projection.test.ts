import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { PROJECTIONS } from '#core/contract/projection.ts';
import { fieldsEqual, jsonEqual } from '#host/cluster/json.ts';
import { compileProjection, copyWhole } from '#host/cluster/projection.ts';
import { compareResourceVersions, isAtLeast } from '#host/cluster/resource-version.ts';
import { stringTable } from '#host/cluster/strings.ts';

const object = {
  kind: 'Pod',
  metadata: { name: 'p', managedFields: [{ manager: 'x' }], annotations: { 'kubeopencode.io/stop': 'true', 'other.io/a': 'b' } },
  spec: { containers: [{ name: 'a', image: 'x', env: [] }, { image: 'y' }], nodeName: 'n', nested: { keep: { deep: 1 }, drop: 2 } },
  status: { empty: [], nothing: null, zero: 0, no: false },
} as unknown as KubernetesObject;

describe('projection', () => {
  test.each<[string, string[], unknown]>([
    ['a field', ['kind'], { kind: 'Pod' }],
    ['a field with all below it', ['spec.nested'], { spec: { nested: { keep: { deep: 1 }, drop: 2 } } }],
    ['a field far below', ['spec.nested.keep.deep'], { spec: { nested: { keep: { deep: 1 } } } }],
    ['a field that is not there', ['spec.missing.far'], {}],
    ['a field below something that is no map', ['spec.nodeName.x', 'status.nothing.y'], {}],
    ['a field of each item; an item without it keeps its place', ['spec.containers[].name'], { spec: { containers: [{ name: 'a' }, {}] } }],
    ['items of what is no list', ['spec.nested[].x', 'kind[]'], {}],
    [
      'values that look empty',
      ['status.empty', 'status.zero', 'status.no', 'status.nothing'],
      { status: { empty: [], zero: 0, no: false, nothing: null } },
    ],
    [
      'keys that begin with a text',
      ['metadata.annotations[kubeopencode.io/*]'],
      { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } },
    ],
    ['a key with dots', ['metadata.annotations[other.io/a]'], { metadata: { annotations: { 'other.io/a': 'b' } } }],
    ['a map of which nothing is kept', ['metadata.annotations[none/*]', 'spec.nested.none'], {}],
    ['a whole that also has a part named', ['spec.nested.keep', 'spec.nested'], { spec: { nested: { keep: { deep: 1 }, drop: 2 } } }],
  ])('%s', (_, paths, expected) => {
    const name = { metadata: { name: 'p' } };
    expect(compileProjection([...paths, 'metadata.name'])(object)).toEqual({
      ...name,
      ...(expected as object),
      metadata: { ...name.metadata, ...(expected as typeof name).metadata },
    });
  });

  test.each(['', '.x', 'a..b', 'a[', '[]', 'a]'])('path "%s" is refused', (path) => {
    expect(() => compileProjection([path])).toThrow(/projection path/);
  });

  test('what the core declares compiles, and keeps neither managedFields nor foreign annotations', () => {
    for (const paths of Object.values(PROJECTIONS)) {
      const text = JSON.stringify(compileProjection(paths)(object));
      expect(text).not.toContain('managedFields');
      expect(text).not.toContain('other.io');
      expect(text).toContain('kubeopencode.io/stop');
    }
  });

  test('a copy of the whole drops managedFields, shares nothing and leaves the original alone', () => {
    const before = JSON.stringify(object);
    const whole = copyWhole(object);
    expect(whole.metadata).not.toHaveProperty('managedFields');
    expect((whole as unknown as { spec: unknown }).spec).not.toBe((object as unknown as { spec: unknown }).spec);
    expect(JSON.stringify(object)).toBe(before);
  });

  test('projecting twice is projecting once, for any object', () => {
    const project = compileProjection(PROJECTIONS.Pod);
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (spec, status) => {
        const once = project({ metadata: { name: 'x' }, spec, status } as unknown as KubernetesObject);
        expect(project(once)).toEqual(once);
      }),
    );
  });
});

test('jsonEqual says what JSON text with sorted keys says', () => {
  const canonical = (value: unknown): string =>
    JSON.stringify(value, (_, inner) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      fc.constantFrom(null, 0, 1, 'a', '', true),
      fc.array(tie('any'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('any')),
    ),
  })).any;
  fc.assert(
    fc.property(value, value, (left, right) => {
      expect(jsonEqual(left, right)).toBe(canonical(left) === canonical(right));
      expect(jsonEqual(left, structuredClone(left))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test('fieldsEqual leaves out what it is told to', () => {
  expect(fieldsEqual({ a: 1, b: 2 }, { a: 1, b: 3 }, ['b'])).toBe(true);
  expect(fieldsEqual({ a: 1 }, { a: 1, b: 3 }, ['b'])).toBe(true);
  expect(fieldsEqual({ a: 1 }, { a: 1, b: 3 })).toBe(false);
  expect(fieldsEqual({ a: undefined }, {})).toBe(true);
});

describe('resourceVersion', () => {
  test.each([
    ['9', '10', -1],
    ['10', '9', 1],
    ['10', '10', 0],
    ['99999999999999999999', '100000000000000000000', -1],
    ['18446744073709551614', '18446744073709551615', -1],
  ])('%s against %s', (left, right, sign) => {
    expect(Math.sign(compareResourceVersions(left, right) ?? Number.NaN)).toBe(sign);
  });

  test.each([
    ['abc', '1'],
    ['1', ''],
    ['01', '1'],
    ['0', '1'],
    ['-1', '1'],
    ['1.5', '1'],
  ])('nothing can be said of %s and %s', (left, right) => {
    expect(compareResourceVersions(left, right)).toBeUndefined();
    expect(isAtLeast(left, right)).toBe(false);
    expect(isAtLeast(left, left)).toBe(true);
  });

  test('agrees with numbers', () => {
    const version = fc.bigInt({ min: 1n, max: 10n ** 30n });
    fc.assert(
      fc.property(version, version, (left, right) => {
        expect(isAtLeast(String(left), String(right))).toBe(left >= right);
      }),
    );
  });
});

test('the string table changes no text, however many pass through it', () => {
  const share = stringTable();
  for (let index = 0; index < 20_000; index++) expect(share(`text ${index % 9_000}`)).toBe(`text ${index % 9_000}`);
});
