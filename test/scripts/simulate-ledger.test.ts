import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_LEDGER, type Ledger, type Source, seedBehind, withBlock } from '#scripts/simulate/ledger.ts';
import { changeLedger, readLedger } from '#scripts/simulate/ledger-file.ts';
import { reportTable } from '#scripts/simulate/report-table.ts';
import { NO_SEEDS, type SeedCounts } from '#test/simulation/run-seeds.ts';

const OLD: Source = { digest: `sha256:${'a'.repeat(64)}`, commit: 'aaaaaaaaa', isCommitted: true };
const NEW: Source = { digest: `sha256:${'b'.repeat(64)}`, commit: 'bbbbbbbbb', isCommitted: false };

function counts(histories: number): SeedCounts {
  return { histories, compared: 1, decisions: 30 * histories, writes: 20 * histories, virtualMs: 600_000 * histories, violated: 0 };
}

/** `[source, first seed, histories]` each. */
function ledgerOf(...blocks: readonly (readonly [Source, number, number])[]): Ledger {
  return blocks.reduce(
    (ledger, [source, from, histories], day) =>
      withBlock(ledger, source, { from, histories }, counts(histories), `2026-03-0${day + 1}T12:00:00.000Z`),
    EMPTY_LEDGER,
  );
}

describe('the ledger', () => {
  it('adds up blocks of the same sources, in whatever order they end', () => {
    const { sources } = ledgerOf([OLD, 101, 100], [OLD, 1, 100]);
    expect(sources).toEqual([
      {
        ...OLD,
        firstAt: '2026-03-01T12:00:00.000Z',
        lastAt: '2026-03-02T12:00:00.000Z',
        seeds: [[1, 200]],
        counts: { ...counts(200), compared: 2 },
      },
    ]);
  });

  it('counts no seed twice for the same sources, and each again for others', () => {
    const once = ledgerOf([OLD, 1, 100]);
    expect(withBlock(once, OLD, { from: 50, histories: 10 }, counts(10), 'later')).toBe(once);
    expect(ledgerOf([OLD, 1, 100], [NEW, 1, 100]).sources.map(({ seeds }) => seeds)).toEqual([[[1, 100]], [[1, 100]]]);
  });

  it('goes on behind the last seed of all sources', () => {
    expect(seedBehind(EMPTY_LEDGER)).toBe(1);
    expect(seedBehind(ledgerOf([OLD, 501, 100], [NEW, 1, 100]))).toBe(601);
  });

  it('prints as a Markdown table with a total', () => {
    const gaps = [1, 3, 5, 7].map((from) => [NEW, from * 1_000, 1] as const);
    expect(reportTable(ledgerOf([OLD, 1, 2_000], ...gaps))).toBe(
      [
        '| date | commit | seeds | histories | in core.wasm too | decisions | writes | virtual time | violations |',
        '|---|---|---|--:|--:|--:|--:|--:|--:|',
        '| 2026-03-01 | `aaaaaaaaa` | 1 to 2,000 | 2,000 | 1 | 60,000 | 40,000 | 13.9 days | 0 |',
        '| 2026-03-05 | `bbbbbbbbb` and changes | 1,000 to 7,000, with 3 gaps | 4 | 4 | 120 | 80 | 40.0 minutes | 0 |',
        '| **total** |  |  | 2,004 | 5 | 60,120 | 40,080 | 13.9 days | 0 |',
        '',
      ].join('\n'),
    );
  });
});

describe('the file of the ledger', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledger-'));
    file = join(folder, 'deep', 'ledger.json');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const add = (from: number): Promise<Ledger> =>
    changeLedger(file, (ledger) =>
      withBlock(ledger, OLD, { from, histories: 1 }, { ...NO_SEEDS, histories: 1 }, '2026-03-01T12:00:00.000Z'),
    );

  it('is empty where there is none, and afterwards what was added', async () => {
    expect(readLedger(file)).toEqual(EMPTY_LEDGER);
    const after = await add(7);
    expect(readLedger(file)).toEqual(after);
  });

  it('loses nothing of those who write at the same time, and leaves no other file behind', async () => {
    await Promise.all([1, 2, 3].map(add));
    expect(readLedger(file).sources[0]?.seeds).toEqual([[1, 3]]);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['ledger.json']);
  });

  it('is written by the next one when somebody was killed at it', async () => {
    await add(1);
    // No process has this number: it is above the largest that Linux gives.
    writeFileSync(`${file}.lock`, '4194305');
    writeFileSync(`${file}.4194305.tmp`, '{"formatVersion": 1, "sour');
    await add(2);
    expect(readLedger(file).sources[0]?.seeds).toEqual([[1, 2]]);
  });

  it('is not touched when it is something else', async () => {
    file = join(folder, 'other.json');
    writeFileSync(file, '{"formatVersion": 2}');
    await expect(add(1)).rejects.toThrow(/read the ledger .*other\.json: expected one of format 1/);
    expect(readFileSync(file, 'utf8')).toBe('{"formatVersion": 2}');
  });
});
