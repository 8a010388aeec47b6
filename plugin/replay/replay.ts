import type { Subject } from '#core/contract/snapshot.ts';
import { CONTRACT_VERSION } from '#core/contract/version.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { JournalEntry } from '#host/observe/journal.ts';
import { redact } from '#host/observe/redact.ts';
import type { Difference, Replay, Said } from '../contract/replay.ts';
import type { JournalLine } from './lines.ts';
import { unifiedDiff } from './unified-diff.ts';

export interface ReplayInput {
  readonly engine: Engine;
  readonly journal: string;
  readonly files: number;
  readonly lines: AsyncIterable<JournalLine> | Iterable<JournalLine>;
  isWanted(subject: Subject): boolean;
}

/** Shows each wanted snapshot to the core again. Throws on an entry of another contract: nothing can be told of it. */
export async function replay({ engine, journal, files, lines, isWanted }: ReplayInput): Promise<Replay> {
  const writtenBy = new Map<string, number>();
  const unreadable: Replay['unreadable'][number][] = [];
  const gaps: Replay['gaps'][number][] = [];
  let [decisions, different, redacted] = [0, 0, 0];
  let first: Difference | undefined;
  let beginsAt: number | undefined;
  /** Of the line before; null behind one that could not be read. */
  let lastSeq: number | null | undefined;
  for await (const read of lines) {
    const { file, line } = read;
    if (read.type === 'Unreadable') {
      unreadable.push({ file, line, fault: read.fault, message: read.message });
      lastSeq = null;
      continue;
    }
    const { entry } = read;
    if (lastSeq === undefined && entry.seq > 1) beginsAt = entry.seq;
    // Each run of the host counts from 1.
    if (typeof lastSeq === 'number' && entry.seq !== 1 && entry.seq !== lastSeq + 1)
      gaps.push({ file, line, after: lastSeq, next: entry.seq });
    lastSeq = entry.seq;
    if (!isWanted(entry.snapshot.subject)) continue;
    decisions += 1;
    if (entry.redacted > 0) redacted += 1;
    writtenBy.set(entry.core, (writtenBy.get(entry.core) ?? 0) + 1);
    const again = replayEntry(engine, entry);
    if (isSame(saidIn(entry), again)) continue;
    different += 1;
    first ??= differenceOf(read.file, read.line, entry, again, engine.digest);
  }
  return {
    formatVersion: 1,
    journal,
    files,
    core: engine.digest,
    writtenBy: [...writtenBy].map(([core, count]) => ({ core, decisions: count })),
    decisions,
    different,
    redacted,
    ...(first === undefined ? {} : { firstDifference: first }),
    ...(beginsAt === undefined ? {} : { beginsAt }),
    gaps,
    unreadable,
  };
}

/** What the core says to an entry's snapshot now, blotted out as the journal is. */
export function replayEntry(engine: Engine, { seq, contract, snapshot }: JournalEntry): Said {
  if (contract !== CONTRACT_VERSION) {
    throw new Error(
      `replay seq ${seq}: expected an entry of contract ${CONTRACT_VERSION}, it is of contract ${contract}; take the plugin of the release that wrote the journal`,
    );
  }
  const result = engine.decide(snapshot);
  const said: Said =
    result.type === 'Answered'
      ? { decision: result.decision }
      : { fault: { cause: result.cause, message: result.message, log: result.log } };
  return redact(said).value;
}

/** What the journal has of an entry's answer. */
export function saidIn({ decision, fault }: JournalEntry): Said {
  return decision === undefined ? ({ fault } as Said) : { decision };
}

/** Byte for byte: the order of fields counts, too. */
export function isSame(journal: Said, again: Said): boolean {
  return JSON.stringify(journal) === JSON.stringify(again);
}

function differenceOf(file: string, line: number, entry: JournalEntry, again: Said, core: string): Difference {
  const said = saidIn(entry);
  return {
    file,
    line,
    seq: entry.seq,
    at: entry.at,
    task: entry.snapshot.subject,
    core: entry.core,
    redacted: entry.redacted,
    journal: said,
    replay: again,
    diff: unifiedDiff(jsonLines(said), jsonLines(again), {
      before: `journal  seq ${entry.seq}, core ${entry.core}`,
      after: `replay   core ${core}`,
    }),
  };
}

function jsonLines(said: Said): readonly string[] {
  return JSON.stringify('decision' in said ? said.decision : said, null, 2).split('\n');
}
