import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { JOURNAL_FILE_NAME, type JournalEntry } from '#host/observe/journal.ts';

/** A line of a journal, where it stands, and what it is. Lines count from 1. */
export type JournalLine = { readonly file: string; readonly line: number } & (
  | { readonly type: 'Entry'; readonly entry: JournalEntry }
  | { readonly type: 'Unreadable'; readonly fault: LineFault; readonly message: string }
);

/** `truncated`: the last line of a file, and it has no end (the host was killed, the disk was full). `malformed`: anything else that is no entry. */
export type LineFault = 'truncated' | 'malformed';

/** Files of a journal in the order in which they were written. Throws when there is nothing of the kind. */
export function journalFiles(path: string, cwd: string): readonly string[] {
  const full = resolve(cwd, path);
  if (!existsSync(full)) throw new Error(`read journal ${path}: expected a file or a folder, there is none of that name`);
  if (!statSync(full).isDirectory()) return [full];
  const names = readdirSync(full)
    .filter((name) => JOURNAL_FILE_NAME.test(name))
    .sort();
  if (names.length === 0)
    throw new Error(`read journal ${path}: expected files such as journal-000000001.jsonl in the folder, there are none`);
  return names.map((name) => join(full, name));
}

/** Every line that is not empty, one at a time: a journal may be larger than memory. */
export async function* readLines(files: readonly string[]): AsyncGenerator<JournalLine> {
  for (const file of files) {
    let line = 0;
    for await (const { text, isEnded } of textLines(file)) {
      line += 1;
      if (text.trim() !== '') yield { file: basename(file), line, ...read(text, isEnded) };
    }
  }
}

async function* textLines(file: string): AsyncGenerator<{ readonly text: string; readonly isEnded: boolean }> {
  const pieces: string[] = [];
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1024 * 1024 })) {
    const parts = String(chunk).split('\n');
    for (const part of parts.slice(0, -1)) {
      yield { text: [...pieces.splice(0), part].join(''), isEnded: true };
    }
    pieces.push(parts.at(-1) ?? '');
  }
  const rest = pieces.join('');
  if (rest !== '') yield { text: rest, isEnded: false };
}

type Read =
  | { readonly type: 'Entry'; readonly entry: JournalEntry }
  | { readonly type: 'Unreadable'; readonly fault: LineFault; readonly message: string };

function read(text: string, isEnded: boolean): Read {
  const value = parsed(text);
  if (value === undefined) {
    return isEnded
      ? { type: 'Unreadable', fault: 'malformed', message: `expected one JSON object, got ${JSON.stringify(shortened(text))}` }
      : { type: 'Unreadable', fault: 'truncated', message: `truncated after ${Buffer.byteLength(text)} bytes: what it said is lost` };
  }
  const lack = lackOf(value);
  if (lack !== null) return { type: 'Unreadable', fault: 'malformed', message: `expected ${lack}` };
  return { type: 'Entry', entry: value as JournalEntry };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a value lacks to be an entry; null when it is one. */
function lackOf(value: unknown): string | null {
  if (!isObject(value)) return 'one JSON object';
  const { seq, at, contract, core, snapshot, decision, fault } = value;
  if (typeof seq !== 'number' || typeof contract !== 'number') return 'the numbers seq and contract';
  if (typeof at !== 'string' || typeof core !== 'string') return 'the texts at and core';
  if (!isObject(snapshot) || !isObject(snapshot.subject)) return 'a snapshot with its subject';
  const { namespace, name, uid } = snapshot.subject;
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return 'a subject with namespace, name and uid';
  if (!isObject(decision) === !isObject(fault)) return 'either a decision or a fault';
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
