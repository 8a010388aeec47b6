import { describe, expect, test } from 'vitest';
import { colored } from '#plugin/io.ts';
import { cut, hang, widthOf, wrapped } from '#plugin/plan/lay-out.ts';

const CHINESE = '修复解析器中不稳定的测试';

test.each([
  ['plain', 5],
  ['', 0],
  ['├─ │ … é ü', 10],
  [CHINESE, 24],
  ['테스트', 6],
  ['テスト', 6],
  ['🚀 go', 5],
  // With a mark of its own, and joined from several.
  ['e\u0301', 1],
  [colored('red', 'red'), 3],
])('width of %j', (text, width) => expect(widthOf(text)).toBe(width));

describe('wrapped', () => {
  test('between words, none of which is broken', () =>
    expect(wrapped('one two three-four-five-six seven', 10)).toEqual(['one two', 'three-four-five-six', 'seven']));

  test('two columns a wide letter', () => {
    const lines = wrapped(`fix ${CHINESE} 请 先 看 日志 of it`, 30);
    expect(lines).toEqual([`fix ${CHINESE}`, '请 先 看 日志 of it']);
    expect(lines.every((line) => widthOf(line) <= 30)).toBe(true);
  });

  test('styles take no room', () => {
    const [red, blue] = [colored('red', 'red'), colored('cyan', 'blue')];
    expect(wrapped(`${red} and ${blue}`, 12)).toEqual([`${red} and ${blue}`]);
  });

  test('a command at the end, to be pasted, stays whole', () => {
    expect(wrapped('may not list; check with: kubectl auth can-i list pods -n a', 20)).toEqual([
      'may not list; check',
      'with:',
      'kubectl auth can-i list pods -n a',
    ]);
    expect(wrapped('kubectl is not there: see the manual', 20)).toEqual(['kubectl is not', 'there: see the', 'manual']);
  });

  test('two spaces between things stay', () => expect(wrapped('a  b  c', 5)).toEqual(['a  b', 'c']));
});

test('hang', () => expect(hang('  next: ', `a ${CHINESE} b`, 40)).toEqual([`  next: a ${CHINESE} b`]));

test.each([
  ['short', 10, 'short'],
  ['a longer text', 8, 'a longe…'],
  [CHINESE, 9, '修复解析…'],
  // Never half a letter.
  ['🚀🚀🚀', 4, '🚀…'],
])('cut %j to %i', (text, width, expected) => {
  expect(cut(text, width)).toBe(expected);
  expect(widthOf(cut(text, width))).toBeLessThanOrEqual(width);
});
