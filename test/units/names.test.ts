import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fnv1a32 } from '#core/units/hash.ts';
import { cutName } from '#core/units/names.ts';

const dnsName = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?$/).filter((name) => !/[.-]\.|\.[.-]/.test(name));

test.each([
  ['task', '-pod', 63, 'task-pod'],
  ['t'.repeat(59), '-pod', 63, `${'t'.repeat(59)}-pod`],
  ['t'.repeat(60), '-pod', 63, `${'t'.repeat(50)}-${fnv1a32('t'.repeat(60))}-pod`],
  [`${'t'.repeat(49)}.${'u'.repeat(30)}`, '-pod', 63, `${'t'.repeat(49)}-${fnv1a32(`${'t'.repeat(49)}.${'u'.repeat(30)}`)}-pod`],
])('cutName(%s, %s, %i)', (name, suffix, maxLength, expected) => {
  expect(cutName(name, suffix, maxLength)).toBe(expected);
});

test('what comes out fits, ends in the suffix and is a DNS name', () => {
  fc.assert(
    fc.property(dnsName, fc.constantFrom('', '-pod', '-pod-2', '-context'), (name, suffix) => {
      const cut = cutName(name, suffix, 63);
      expect(cut.length).toBeLessThanOrEqual(63);
      expect(cut.endsWith(suffix)).toBe(true);
      expect(cut).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/);
    }),
  );
});

test('long names with the same beginning stay apart', () => {
  const long = 'x'.repeat(100);
  expect(cutName(`${long}a`, '-pod', 63)).not.toBe(cutName(`${long}b`, '-pod', 63));
});
