import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Decision } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import type { EngineResult } from '#host/engine/engine.ts';
import { createJournal, type JournalEntry, type JournalFiles, journalFolder } from '#host/observe/journal.ts';

const AT = '2026-01-02T03:04:05.678Z';
const CANARY = 'canary-5f2b9c';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'journal-'));
  folders.push(path);
  return path;
}

function snapshot(name: string, description = 'fix the bug'): Snapshot {
  return {
    contract: 1,
    kind: 'Task',
    now: AT,
    subject: { namespace: 'ns', name, uid: `uid-${name}` },
    task: { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', metadata: { name, namespace: 'ns' }, spec: { description } },
    pods: [],
    read: {},
    outcomes: [],
    settings: { config: {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
  };
}

const decision: Decision = { type: 'Decided', actions: [], dependsOn: [], reasons: [] };
const answered: EngineResult = { type: 'Answered', decision, log: '', fuelUsed: 1 };

function entries(path: string): JournalEntry[] {
  return readdirSync(path)
    .sort()
    .flatMap((name) => readFileSync(join(path, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as JournalEntry);
}

function fail(error: unknown): never {
  throw error;
}

describe('a journal', () => {
  test('keeps snapshot and decision, one a line, in order', () => {
    const path = folder();
    const journal = createJournal({ files: journalFolder(path), maxSizeBytes: 1_000_000, onError: fail });
    journal.record(AT, 'sha256:c', snapshot('a'), answered);
    journal.record(AT, 'sha256:c', snapshot('b'), { type: 'EngineError', cause: 'OutOfFuel', message: 'too long', log: 'x' });
    expect(entries(path)).toEqual([
      { seq: 1, at: AT, contract: 1, core: 'sha256:c', snapshot: snapshot('a'), decision, redacted: 0 },
      {
        seq: 2,
        at: AT,
        contract: 1,
        core: 'sha256:c',
        snapshot: snapshot('b'),
        fault: { cause: 'OutOfFuel', message: 'too long', log: 'x' },
        redacted: 0,
      },
    ]);
    expect(statSync(join(path, 'journal-000000001.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('never holds a secret, in snapshot or decision', () => {
    const path = folder();
    const journal = createJournal({ files: journalFolder(path), maxSizeBytes: 1_000_000, onError: fail });
    const read = {
      'ConfigMap/ns/c': {
        found: {
          metadata: { name: 'c', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': CANARY } },
          data: { token: CANARY },
        },
      },
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a-pod' },
      spec: { containers: [{ name: 'agent', env: [{ name: 'API_KEY', value: CANARY }] }] },
    } as const;
    journal.record(
      AT,
      'sha256:c',
      { ...snapshot('a', `export GITHUB_TOKEN=${CANARY}`), read },
      {
        ...answered,
        decision: { ...decision, actions: [{ type: 'Create', id: 'pod', object: pod }] },
      },
    );
    const [name = ''] = readdirSync(path);
    expect(readFileSync(join(path, name), 'utf8')).not.toContain(CANARY);
    expect(entries(path)[0]?.redacted).toBe(4);
  });

  test('stays below its bound at every moment by dropping the oldest, and says nothing twice', () => {
    const path = folder();
    const maxSizeBytes = 8_000;
    const told = { writtenBytes: 0, entries: 0, droppedBytes: 0 };
    const journal = createJournal({
      files: journalFolder(path),
      maxSizeBytes,
      onError: fail,
      onWritten: (bytes) => {
        told.writtenBytes += bytes;
        told.entries += 1;
      },
      onDropped: (bytes) => {
        told.droppedBytes += bytes;
      },
    });
    const onDisk = () => readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
    for (let index = 0; index < 200; index += 1) {
      journal.record(AT, 'sha256:c', snapshot(`task-${index}`), answered);
      expect(onDisk()).toBeLessThanOrEqual(maxSizeBytes);
    }
    expect([told.entries, told.writtenBytes - told.droppedBytes]).toEqual([200, onDisk()]);
    const kept = entries(path).map(({ seq }) => seq);
    expect(kept.at(-1)).toBe(200);
    expect(kept.length).toBeGreaterThan(10);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 201 - kept.length + index));
  });

  test('a new run goes on behind the files of the last and counts them', () => {
    const path = folder();
    for (const run of [1, 2]) {
      const journal = createJournal({ files: journalFolder(path), maxSizeBytes: 1_000_000, onError: fail });
      journal.record(AT, `sha256:${run}`, snapshot('a'), answered);
    }
    expect(readdirSync(path).sort()).toEqual(['journal-000000001.jsonl', 'journal-000000002.jsonl']);
    expect(entries(path).map(({ seq, core }) => [seq, core])).toEqual([
      [1, 'sha256:1'],
      [1, 'sha256:2'],
    ]);
  });

  test.each([
    ['a full disk', 1_000_000, 'no space left'],
    ['an entry larger than all of it', 100, 'entry 1 is larger than the whole journal may be (100 bytes)'],
  ])('%s is told and disturbs nobody', (_name, maxSizeBytes, message) => {
    const files: JournalFiles = {
      list: () => [],
      append: () => {
        throw new Error('no space left');
      },
      remove: () => {},
    };
    const errors: unknown[] = [];
    createJournal({ files, maxSizeBytes, onError: (error) => errors.push(error) }).record(AT, 'c', snapshot('a'), answered);
    expect(errors).toMatchObject([{ message }]);
  });
});
