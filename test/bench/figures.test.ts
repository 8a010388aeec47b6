import { describe, expect, test } from 'vitest';
import { highestBound, parseMetrics, sumOf } from '#scripts/bench/cluster/metrics-text.ts';
import { parseUsage } from '#scripts/bench/cluster/process-usage.ts';
import { quantile, shown } from '#scripts/bench/numbers.ts';
import { idleness } from '#scripts/bench/queue/idle.ts';

describe('a quantile', () => {
  test.each([
    [0.5, 5],
    [0.99, 10],
    [0, 1],
    [1, 10],
  ])('%d of 1 to 10 is %d', (q, value) => {
    expect(quantile([10, 2, 3, 4, 5, 6, 7, 8, 9, 1], q)).toBe(value);
  });
  test('of nothing is none', () => expect(quantile([], 0.5)).toBeNull());
});

test.each([
  [1_234_567, '1,234,567'],
  [1_234.5, '1,235'],
  [12.345, '12.3'],
  [0.01234, '0.012'],
  [0, '0'],
])('%d is shown as %s', (value, text) => {
  expect(shown(value)).toBe(text);
});

describe('what /proc says of a process', () => {
  const status = 'Name:\tnode\nVmPeak:\t  999999 kB\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n';

  test('is CPU in seconds, memory and its peak, whatever its name', () => {
    const stat = `4711 (a) name 1 2) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 11 0`;
    expect(parseUsage(stat, status)).toEqual({ cpuSeconds: 3, rssMiB: 100, peakMiB: 200 });
  });
});

describe('metrics', () => {
  const scrape = (counts: Readonly<Record<string, number>>) =>
    parseMetrics(
      ['# TYPE wait histogram', ...Object.entries(counts).map(([le, count]) => `wait_bucket{name="task",le="${le}"} ${count}`)].join('\n'),
    );

  test('are summed over the series that bear the labels', () => {
    const samples = parseMetrics('# HELP a b\na{x="1",y="p"} 2\na{x="1",y="q, \\"r\\""} 3\na{x="2"} 5\nb 7 1700000000000\n');
    expect(sumOf(samples, 'a')).toBe(10);
    expect(sumOf(samples, 'a', { x: '1' })).toBe(5);
    expect(sumOf(samples, 'b')).toBe(7);
    expect(sumOf(samples, 'c')).toBe(0);
  });

  test('of a histogram tell the highest bucket that got anything between two scrapes', () => {
    const before = scrape({ '0.1': 5, '1': 7, '10': 9, '+Inf': 9 });
    expect(highestBound(before, scrape({ '0.1': 6, '1': 9, '10': 11, '+Inf': 11 }), 'wait', { name: 'task' })).toBe(1);
    expect(highestBound(before, before, 'wait', { name: 'task' })).toBeNull();
    expect(highestBound([], scrape({ '0.1': 0, '+Inf': 1 }), 'wait', {})).toBeNull();
    expect(highestBound(before, scrape({ '0.1': 6, '+Inf': 10 }), 'wait', { name: 'another' })).toBeNull();
  });
});

describe('places that stand empty', () => {
  test('are those between an end and the Pod that takes the place', () => {
    // Two places: full from 10 on; freed at 100 and 200, taken again after 5 and after 20.
    expect(idleness([0, 10, 105, 220], [100, 200, 300, 400], 2)).toEqual({ gapsMs: [5, 20], share: 25 / (210 * 2) });
  });
  test('are none when nobody waits, or the watches show an end late', () => {
    expect(idleness([0, 10], [100, 200], 2)).toEqual({ gapsMs: [], share: 0 });
    expect(idleness([0, 10], [100, 200], 5)).toEqual({ gapsMs: [], share: 0 });
    expect(idleness([0, 50], [60], 1).gapsMs).toEqual([0]);
  });
});
