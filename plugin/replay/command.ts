import type { Subject } from '#core/contract/snapshot.ts';
import type { Engine } from '#host/engine/engine.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import type { ReplayFlags } from '../commands/replay.ts';
import type { Explained, Replay } from '../contract/replay.ts';
import { readCore } from '../core-file.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { journalFiles, readLines } from './lines.ts';
import { isSame, replay, replayEntry, saidIn } from './replay.ts';
import { explainedText, replayText } from './text.ts';

interface Asked {
  readonly journal: string;
  readonly task: string | undefined;
}

/** `kubectl opencode replay`: needs no cluster. Throws when there is no journal, no core, or nothing in the journal that was asked for. */
export async function runReplayCommand(asked: Asked, flags: ReplayFlags, io: Io): Promise<ExitCode> {
  const paint: Paint = flags.color && io.takesColor ? colored : plain;
  const files = journalFiles(asked.journal, io.cwd);
  const engine = loadEngine(readCore(flags.core));
  const isWanted = (subject: Subject): boolean =>
    (asked.task === undefined || subject.name === asked.task) && (flags.namespace === undefined || subject.namespace === flags.namespace);
  if (flags.explain !== undefined) {
    const explained = await explain(engine, files, flags.explain, isWanted);
    if (explained.length === 0)
      throw new Error(`replay ${asked.journal}: expected seq ${flags.explain}${wanted(asked, flags)}, there is none`);
    io.out(
      isDataForm(flags.output)
        ? await rendered({ formatVersion: 1, core: engine.digest, decisions: explained }, flags.output)
        : explained.map((one) => explainedText(one, engine.digest, paint)).join('\n'),
    );
    return EXIT.ok;
  }
  const result = await replay({ engine, journal: asked.journal, files: files.length, lines: readLines(files), isWanted });
  warn(result, io);
  if (result.decisions === 0) throw new Error(`replay ${asked.journal}: expected decisions${wanted(asked, flags)}, there are none`);
  io.out(isDataForm(flags.output) ? await rendered(result, flags.output) : replayText(result, paint));
  return result.different > 0 || result.unreadable.some(({ fault }) => fault === 'malformed') ? EXIT.error : EXIT.ok;
}

/** Each run of the host counts from 1, so there may be several of one number. */
async function explain(
  engine: Engine,
  files: readonly string[],
  seq: number,
  isWanted: (subject: Subject) => boolean,
): Promise<readonly Explained[]> {
  const found: Explained[] = [];
  for await (const read of readLines(files)) {
    if (read.type !== 'Entry' || read.entry.seq !== seq || !isWanted(read.entry.snapshot.subject)) continue;
    const { file, line, entry } = read;
    const again = replayEntry(engine, entry);
    found.push({ file, line, entry, replay: again, isSame: isSame(saidIn(entry), again) });
  }
  return found;
}

function warn({ unreadable, gaps }: Replay, io: Io): void {
  for (const { file, line, fault, message } of unreadable)
    io.err(`warning: ${file}:${line}: ${fault === 'truncated' ? message : `malformed, ${message}`}; left out\n`);
  for (const { file, line, after, next } of gaps) io.err(`warning: ${file}:${line}: seq ${next} follows ${after}: entries are missing\n`);
}

function wanted({ task }: Asked, { namespace }: ReplayFlags): string {
  const about = task === undefined ? '' : ` about Task ${namespace === undefined ? '' : `${namespace}/`}${task}`;
  return about === '' && namespace !== undefined ? ` about Tasks of namespace ${namespace}` : about;
}
