import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergePatch, strategicMergePatch } from '#host/cluster/memory/merge-patch.ts';

/** The examples of RFC 7386, appendix A, whose target is a map; nulls inside a replaced list are dropped from its maps, as the API server does. */
const examples = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: 1 }, { a: [{ b: null, c: 1 }] }, { a: [{ c: 1 }] }],
] as const;

describe('mergePatch', () => {
  it.each(examples)('%j + %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  it('applied twice changes nothing more, leaves its inputs alone, and never reaches a prototype', () => {
    const map = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(map, map, (target, patch) => {
        const before = JSON.stringify([target, patch]);
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        expect(JSON.stringify([target, patch])).toBe(before);
      }),
    );
    mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
    expect('polluted' in {}).toBe(false);
  });
});

describe('strategicMergePatch', () => {
  const cases = [
    [
      'a list with a merge key is merged by it',
      { conditions: [{ type: 'A', status: 'True' }] },
      { conditions: [{ type: 'A', status: 'False' }, { type: 'B' }] },
      { conditions: [{ type: 'A', status: 'False' }, { type: 'B' }] },
    ],
    [
      'an item is deleted by its key',
      { volumes: [{ name: 'a' }, { name: 'b' }] },
      { volumes: [{ $patch: 'delete', name: 'a' }] },
      { volumes: [{ name: 'b' }] },
    ],
    ['a list of texts is joined, what is new first', { finalizers: ['a'] }, { finalizers: ['b'] }, { finalizers: ['b', 'a'] }],
    ['a text is deleted from a list', { finalizers: ['a', 'b'] }, { '$deleteFromPrimitiveList/finalizers': ['a'] }, { finalizers: ['b'] }],
    ['a list without a merge key is replaced', { args: ['a'] }, { args: ['b'] }, { args: ['b'] }],
    ['a map is replaced when told so', { labels: { a: '1' } }, { labels: { $patch: 'replace', b: '2' } }, { labels: { b: '2' } }],
  ] as const;
  it.each(cases)('%s', (_, target, patch, result) => {
    expect(strategicMergePatch(target, patch)).toEqual(result);
  });
});
