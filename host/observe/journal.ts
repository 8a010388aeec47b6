import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Decision } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { CONTRACT_VERSION } from '#core/contract/version.ts';
import type { DecideCall, EngineResult } from '../engine/engine.ts';
import { redact } from './redact.ts';

/** One line of a journal: what the core was shown, and what it said or how it failed. */
export interface JournalEntry {
  /** From 1, without gaps in one run of the host. */
  readonly seq: number;
  /** RFC 3339, by the host's clock. */
  readonly at: string;
  /** `reconcileID` of the log's lines about it. */
  readonly reconcileID?: number;
  readonly contract: number;
  /** Digest of the core that decided. */
  readonly core: string;
  readonly snapshot: Snapshot;
  readonly decision?: Decision;
  readonly fault?: Omit<Extract<EngineResult, { type: 'EngineError' }>, 'type'>;
  /** How many values were blotted out. Above 0, a replay sees `***` in their place. */
  readonly redacted: number;
}

export interface Journal {
  record(at: string, core: string, snapshot: Snapshot, result: EngineResult, call?: DecideCall): void;
}

/** The few file operations that a journal needs. */
export interface JournalFiles {
  /** Names and sizes in bytes of the files in the folder. */
  list(): readonly { readonly name: string; readonly sizeBytes: number }[];
  append(name: string, text: string): void;
  remove(name: string): void;
}

export interface JournalOptions {
  readonly files: JournalFiles;
  /** Bound of all files together; the oldest are removed first. */
  readonly maxSizeBytes: number;
  /** Called when an entry could not be written. A journal never disturbs a decision. */
  onError(error: unknown): void;
  /** Called with the size of each entry that was written, and of each old file that was removed for it, in bytes. */
  onWritten?(sizeBytes: number): void;
  onDropped?(sizeBytes: number): void;
}

/** The bound is kept by whole files of this share of it. */
const FILES = 8;
/** Names of the files, in whose order the entries stand. */
export const JOURNAL_FILE_NAME = /^journal-(\d{9})\.jsonl$/;

/** Appends JSON lines to `journal-000000001.jsonl` and so on; a new run begins a new file behind those that are there. */
export function createJournal({ files, maxSizeBytes, onError, onWritten, onDropped }: JournalOptions): Journal {
  const fileLimitBytes = Math.floor(maxSizeBytes / FILES);
  const kept = files
    .list()
    .filter(({ name }) => JOURNAL_FILE_NAME.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((file) => ({ ...file }));
  let seq = 0;
  let number = Number(JOURNAL_FILE_NAME.exec(kept.at(-1)?.name ?? '')?.[1] ?? 0);
  let current: { name: string; sizeBytes: number } | undefined;

  function append(line: string): void {
    const lineBytes = Buffer.byteLength(line);
    if (current === undefined || current.sizeBytes + lineBytes > fileLimitBytes) {
      number += 1;
      current = { name: `journal-${String(number).padStart(9, '0')}.jsonl`, sizeBytes: 0 };
      kept.push(current);
    }
    // Room first, so that the bound holds at every moment.
    while (kept.length > 1 && totalBytes() + lineBytes > maxSizeBytes) {
      const [oldest] = kept.splice(0, 1);
      if (oldest === undefined) continue;
      files.remove(oldest.name);
      onDropped?.(oldest.sizeBytes);
    }
    files.append(current.name, line);
    current.sizeBytes += lineBytes;
    onWritten?.(lineBytes);
  }

  function totalBytes(): number {
    return kept.reduce((sum, file) => sum + file.sizeBytes, 0);
  }

  return {
    record: (at, core, snapshot, result, call) => {
      seq += 1;
      const said =
        result.type === 'Answered'
          ? { decision: result.decision }
          : { fault: { cause: result.cause, message: result.message, log: result.log } };
      const { value, count } = redact({ snapshot, ...said });
      const entry: JournalEntry = { seq, at, ...call, contract: CONTRACT_VERSION, core, ...value, redacted: count };
      const line = `${JSON.stringify(entry)}\n`;
      try {
        if (Buffer.byteLength(line) > maxSizeBytes)
          throw new Error(`entry ${seq} is larger than the whole journal may be (${maxSizeBytes} bytes)`);
        append(line);
      } catch (error) {
        onError(error);
      }
    },
  };
}

/** A folder on disk, made when it is not there; readable for this user only. Throws when it can't be made or listed. */
export function journalFolder(folder: string): JournalFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    list: () => readdirSync(folder).map((name) => ({ name, sizeBytes: statSync(join(folder, name)).size })),
    append: (name, text) => appendFileSync(join(folder, name), text, { mode: 0o600 }),
    remove: (name) => rmSync(join(folder, name), { force: true }),
  };
}
