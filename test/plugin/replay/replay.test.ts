import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { type JournalEntry, journalFolder } from '#host/observe/journal.ts';
import type { Replay } from '#plugin/contract/replay.ts';
import { run } from '../io.ts';
import { writeJournal } from './journal.ts';

const CORE = fileURLToPath(new URL('../../../dist/core.wasm', import.meta.url));

let root: string;
/** What the controller wrote; never changed. */
let written: readonly string[];
let folder: string;
let file: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'replay-'));
  const original = join(root, 'original');
  await writeJournal(loadEngine(readFileSync(CORE)), journalFolder(original));
  written = readFileSync(join(original, 'journal-000000001.jsonl'), 'utf8').trimEnd().split('\n');
});

afterAll(() => rmSync(root, { recursive: true }));

beforeEach(() => {
  folder = mkdtempSync(join(root, 'journal-'));
  file = join(folder, 'journal-000000001.jsonl');
  keep(written);
});

function keep(lines: readonly string[]): void {
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
}

function entry(line: number): JournalEntry {
  return JSON.parse(written[line - 1] ?? '') as JournalEntry;
}

const replayJson = async (...args: string[]): Promise<{ code: number; err: string; result: Replay }> => {
  const { code, err, out } = await run(['replay', folder, '-o', 'json', ...args]);
  return { code, err, result: JSON.parse(out) as Replay };
};

describe('a journal of the real controller', () => {
  test('comes out the same, secrets and all', async () => {
    const ran = await run(['replay', folder]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(new RegExp(`\\n${written.length} decisions, all the same\\n$`));
    expect(ran.out).toMatch(/\d+ decisions with secrets blotted out \(\*\*\*\), here as there/);
    expect(written.length).toBeGreaterThan(20);
    expect(written.join('')).not.toContain('hunter2');
  });

  test('JSON and YAML are the same contract', async () => {
    const [{ code, result }, yaml] = [await replayJson(), await run(['replay', folder, '-oyaml'])];
    expect(code).toBe(0);
    expect(result).toMatchObject({
      formatVersion: 1,
      journal: folder,
      files: 1,
      decisions: written.length,
      different: 0,
      unreadable: [],
      gaps: [],
    });
    expect(result.writtenBy).toEqual([{ core: result.core, decisions: written.length }]);
    expect(parse(yaml.out)).toEqual(result);
  });

  test('one file is a journal, too, and rotated ones are read in their order', async () => {
    expect((await run(['replay', file])).code).toBe(0);
    const small = join(root, 'rotated');
    await writeJournal(loadEngine(readFileSync(CORE)), journalFolder(small), 60_000);
    expect(readdirSync(small).length).toBeGreaterThan(2);
    const { code, out, err } = await run(['replay', small]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/begins at seq \d+: what was before was removed/);
  });

  test.each([
    [['good'], 'good'],
    [['bad', '-n', 'team-a'], 'bad'],
  ])('%j: one Task', async (args, name) => {
    const { result } = await replayJson(...args);
    const own = written.filter((_line, index) => entry(index + 1).snapshot.subject.name === name);
    expect(result.decisions).toBe(own.length);
    expect(own.length).toBeLessThan(written.length);
  });

  test.each<[args: string[], message: RegExp]>([
    [['nobody'], /expected decisions about Task nobody, there are none/],
    [['good', '-n', 'elsewhere'], /expected decisions about Task elsewhere\/good, there are none/],
    [['-n', 'elsewhere'], /expected decisions about Tasks of namespace elsewhere, there are none/],
    [['--explain', '99999'], /expected seq 99999, there is none/],
    [['--explain', 'x'], /want the seq of a line, a whole number from 1/],
  ])('%j is an error', async (args, message) => {
    expect(await run(['replay', folder, ...args])).toMatchObject({ code: 1, out: '', err: expect.stringMatching(message) });
  });
});

describe('a difference', () => {
  test('of a decision that somebody edited is shown as a diff, the first one only', async () => {
    const edited = written
      .flatMap((line, index) => (entry(index + 1).redacted === 0 && line.includes('"module":"core"') ? [index + 1] : []))
      .slice(0, 2);
    const [first = 0] = edited;
    keep(written.map((line, index) => (edited.includes(index + 1) ? line.replace('"module":"core"', '"module":"gore"') : line)));
    const ran = await run(['replay', folder]);
    const { seq, at, snapshot } = entry(first);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain(
      `First difference: seq ${seq}, Task team-a/${snapshot.subject.name}, ${at}  (journal-000000001.jsonl:${first})`,
    );
    expect(ran.out).toContain('The same core wrote the journal: the line was changed since, or this engine is at fault.');
    expect(ran.out).toMatch(/\n--- journal {2}seq \d+, core sha256:\w+\n\+\+\+ replay {3}core sha256:\w+\n@@ -\d+,7 \+\d+,7 @@\n/);
    expect(ran.out).toMatch(/\n- {6}"module": "gore",\n\+ {6}"module": "core",\n/);
    expect(ran.out).toMatch(new RegExp(`2 of ${written.length} decisions differ; the first stands above\n$`));
  });

  test('of a core that decides otherwise says that another core wrote the journal', async () => {
    const mutant = join(root, 'mutant.wasm');
    const [before, after] = ['Task completed successfully', 'Task completed surprisingly'];
    writeFileSync(mutant, readFileSync(CORE).toString('latin1').replaceAll(before, after), 'latin1');
    const text = await run(['replay', folder, '--core', mutant]);
    expect(text.code).toBe(1);
    expect(text.out).toMatch(new RegExp(`${written.length} decisions written by another core, sha256:\\w{12}: differences may be meant`));
    const { code, result } = await replayJson('--core', mutant);
    expect(code).toBe(1);
    expect(result.different).toBe(written.filter((line) => line.includes(before)).length);
    expect(result.firstDifference).toMatchObject({ task: { name: 'good' }, seq: written.findIndex((line) => line.includes(before)) + 1 });
    const changed = result.firstDifference?.diff.filter((line) => /^[-+] /.test(line)) ?? [];
    expect(changed.map((line) => line.trim())).toEqual([expect.stringContaining(before), expect.stringContaining(after)]);
  });

  test('of a core that failed then and does not now', async () => {
    const { decision: _, ...rest } = entry(1);
    keep([JSON.stringify({ ...rest, fault: { cause: 'OutOfFuel', message: 'too long', log: '' } }), ...written.slice(1)]);
    const { out, code } = await run(['replay', folder]);
    expect(code).toBe(1);
    expect(out).toContain('-    "cause": "OutOfFuel",');
    expect(out).toContain('+  "type": "Decided",');
  });

  test('another contract can’t be judged', async () => {
    keep([written[0]?.replace('"contract":1,"core"', '"contract":2,"core"') ?? '']);
    expect(await run(['replay', folder])).toMatchObject({
      code: 1,
      err: 'error: replay seq 1: expected an entry of contract 1, it is of contract 2; take the plugin of the release that wrote the journal\n',
    });
  });
});

describe('what can’t be read', () => {
  test('a last line without its end is truncated, and said', async () => {
    const size = Buffer.byteLength(readFileSync(file));
    truncateSync(file, size - 30);
    const ran = await run(['replay', folder]);
    expect(ran.code).toBe(0);
    expect(ran.err).toMatch(
      new RegExp(`^warning: journal-000000001.jsonl:${written.length}: truncated after \\d+ bytes: what it said is lost; left out\n$`),
    );
    expect(ran.out).toContain(`${written.length - 1} decisions, all the same`);
    expect((await replayJson()).result.unreadable).toMatchObject([
      { file: 'journal-000000001.jsonl', line: written.length, fault: 'truncated' },
    ]);
  });

  test('a last line that only lacks its line break is whole', async () => {
    writeFileSync(file, written.join('\n'));
    expect(await run(['replay', folder])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining(`${written.length} decisions, all`),
    });
  });

  test.each<[what: string, line: string, message: string]>([
    ['no JSON', '{"seq":1,"at":{"seq":2}', 'expected one JSON object, got "{\\"seq\\":1,\\"at\\":{\\"seq\\":2}"'],
    ['a list', '[1]', 'expected one JSON object'],
    ['no snapshot', '{"seq":1,"at":"","contract":1,"core":"c","decision":{}}', 'expected a snapshot with its subject'],
    [
      'neither decision nor fault',
      '{"seq":1,"at":"","contract":1,"core":"c","snapshot":{"subject":{"namespace":"a","name":"b","uid":"c"}}}',
      'expected either a decision or a fault',
    ],
  ])('%s is malformed: said, and exit 1', async (_what, line, message) => {
    keep([written[0] ?? '', line, ...written.slice(1)]);
    const ran = await run(['replay', folder]);
    expect(ran).toMatchObject({ code: 1, err: `warning: journal-000000001.jsonl:2: malformed, ${message}; left out\n` });
    expect(ran.out).toContain(`${written.length} decisions, all the same`);
  });

  test('entries that are missing in between are said; a new run that counts from 1 lacks nothing', async () => {
    keep([...written.slice(0, 4), ...written.slice(6)]);
    const ran = await run(['replay', folder]);
    expect(ran).toMatchObject({ code: 0, err: 'warning: journal-000000001.jsonl:5: seq 7 follows 4: entries are missing\n' });
    keep(written);
    appendFileSync(join(folder, 'journal-000000002.jsonl'), `${written[0]}\n`);
    expect(await run(['replay', folder])).toMatchObject({ code: 0, err: '' });
  });

  test.each<[name: string, path: () => string, message: RegExp]>([
    ['nothing of that name', () => join(folder, 'none'), /expected a file or a folder, there is none of that name/],
    [
      'a folder without a journal',
      () => mkdtempSync(join(root, 'empty-')),
      /expected files such as journal-000000001.jsonl in the folder, there are none/,
    ],
  ])('%s is an error', async (_name, path, message) => {
    expect(await run(['replay', path()])).toMatchObject({ code: 1, out: '', err: expect.stringMatching(message) });
  });
});

describe('--explain', () => {
  const seqOf = (rule: string): number => written.findIndex((line) => line.includes(`"rule":"${rule}"`)) + 1;

  test('prints the trail and what was asked for', async () => {
    const { out, code } = await run(['replay', folder, '--explain', String(seqOf('task/pod-ended'))]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^seq \d+ {2}Task team-a\/\w+ {2}2026-\S+Z {2}\(journal-000000001.jsonl:\d+\)\ntask\/pod-ended {2}pod \w+-pod has ended: /,
    );
    expect(out).toMatch(/\n {2}~ Task \w+ \(status\) {2}phase (Completed|Failed)/);
    expect(out).toMatch(/\ncore sha256:\w{12}; core sha256:\w{12} says the same\n$/);
  });

  test('prints what was asked to be read', async () => {
    const seq = written.findIndex((line) => line.includes('"type":"Reads"')) + 1;
    expect((await run(['replay', folder, '--explain', String(seq)])).out).toContain(
      'asked to read before it decides:\n  AgentTemplate team-a/nobody\n',
    );
  });

  test('gives snapshot and decision as JSON', async () => {
    const { out } = await run(['replay', folder, '--explain', '3', '-o', 'json']);
    expect(JSON.parse(out)).toMatchObject({ formatVersion: 1, decisions: [{ line: 3, isSame: true, entry: entry(3) }] });
  });
});

test('the journal is a file to the shell', async () => {
  expect((await run(['__complete', 'replay', ''])).out).toBe(':0\n');
});
