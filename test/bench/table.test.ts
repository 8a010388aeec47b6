import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '#scripts/bench/command-line.ts';
import { PARTS } from '#scripts/bench/parts.ts';
import { type Row, verdictOf } from '#scripts/bench/row.ts';
import { type BenchReport, markdownTable, textTable } from '#scripts/bench/table.ts';

const row = (more: Partial<Row>): Row => ({ what: 'a figure', unit: 'ms', ours: 10, ...more });

const REPORT: BenchReport = {
  formatVersion: 1,
  machine: {
    date: '2026-01-31',
    commit: 'abc123456',
    cpu: 'A Processor',
    cores: 2,
    memoryGiB: 8,
    system: 'Linux 6.1',
    versions: { node: '24.0.0', Kubernetes: '1.37.2' },
    loadBefore: 0.5,
  },
  isQuick: true,
  tookSeconds: 61.4,
  sections: [
    {
      part: 'decision',
      rows: [
        row({ what: 'one', rival: { name: 'V8', value: 4 }, goal: { atMost: 8 } }),
        row({ what: 'two', unit: '', ours: 1_234 }),
        row({ what: 'three', ours: null, rival: { name: 'V8', value: null }, goal: { atMostTimesRival: 1 } }),
      ],
    },
    { part: 'queue', rows: [row({ goal: { atLeast: 5 }, note: 'a | b' })], failure: 'etcd ended' },
  ],
};

describe('a goal', () => {
  test.each<[string, Partial<Row>, ReturnType<typeof verdictOf>]>([
    ['at most', { goal: { atMost: 10 } }, { type: 'Met' }],
    ['at most, missed', { goal: { atMost: 8 } }, { type: 'Missed', byShare: 0.25 }],
    ['at least', { goal: { atLeast: 10 } }, { type: 'Met' }],
    ['at least, missed', { goal: { atLeast: 20 } }, { type: 'Missed', byShare: 0.5 }],
    ['a share of the rival', { goal: { atMostTimesRival: 1 }, rival: { name: 'r', value: 12 } }, { type: 'Met' }],
    ['times the rival, missed', { goal: { atLeastTimesRival: 1.5 }, rival: { name: 'r', value: 10 } }, { type: 'Missed', byShare: 1 / 3 }],
    ['nothing where one is due', { ours: 3, goal: { atMost: 0 } }, { type: 'Missed', byShare: Number.POSITIVE_INFINITY }],
    ['without a rival', { goal: { atMostTimesRival: 1 } }, { type: 'NoGoal' }],
    ['without a figure', { ours: null, goal: { atMost: 1 } }, { type: 'NoGoal' }],
    ['none', {}, { type: 'NoGoal' }],
  ])('%s', (_, more, verdict) => {
    expect(verdictOf(row(more))).toEqual(verdict);
  });
});

describe('the table', () => {
  test('as text', () => {
    expect(textTable(REPORT)).toBe(
      [
        '2026-01-31, commit abc123456, quick run of 61 s',
        'A Processor, 2 cores, 8 GiB, Linux 6.1; load before: 0.5',
        'node 24.0.0, Kubernetes 1.37.2',
        '',
        'part      what      ours          beside it        goal',
        'decision  one       10 ms         V8 4 ms          ≤ 8 ms  missed by 25 %',
        '          two       1,234',
        '          three     not measured  V8 not measured',
        'queue     a figure  10 ms                          ≥ 5 ms  met; a | b',
        '',
        'queue could not be measured whole: etcd ended',
        '',
      ].join('\n'),
    );
  });

  test('as Markdown', () => {
    const lines = markdownTable(REPORT).split('\n');
    expect(lines).toContain('| decision | one | 10 ms | V8 4 ms | ≤ 8 ms | missed by 25 % |');
    expect(lines).toContain('| queue | a figure | 10 ms |  | ≥ 5 ms | met; a \\| b |');
    // Of every line of the table the same number of cells.
    const cells = lines.filter((line) => line.startsWith('|')).map((line) => line.replaceAll('\\|', '').split('|').length);
    expect(new Set(cells).size).toBe(1);
  });
});

describe('the command line', () => {
  const said: string[] = [];
  const parse = (...args: readonly string[]) => parseCommandLine(args, (text) => void said.push(text));

  test('names parts, in any order; none is all of them', () => {
    expect(parse()).toMatchObject({ parts: PARTS.map(({ name }) => name), isQuick: false, isMarkdown: false });
    expect(parse('plugin', 'decision', '--quick', '--markdown', '--json', 'a.json')).toEqual({
      type: 'Bench',
      parts: ['decision', 'plugin'],
      isQuick: true,
      isMarkdown: true,
      jsonFile: 'a.json',
    });
  });

  test('refuses what is no part', () => {
    expect(parse('speed')).toEqual({ type: 'Told', exitCode: 1 });
    expect(said.join('')).toContain("'speed'");
  });
});
