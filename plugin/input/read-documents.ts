import type { FileFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { parseSource, type SourceObject } from './documents.ts';
import type { Fault } from './fault.ts';
import { readSources, type SourceText, STDIN_NAME } from './sources.ts';

/** All that `-f` names, file by file. */
export interface Documents {
  readonly files: number;
  readonly objects: readonly SourceObject[];
  /** Of the syntax. */
  readonly faults: readonly Fault[];
}

/**
 * Reads what `-f` names; without `-f` there is nothing. Throws what can't be read. It throws, too, where there is no object in all of it, as kubectl does: behind
 * a pipe in which the command before has failed, that there is nothing wrong in nothing would pass for a good answer.
 */
export async function readDocuments({ filename = [], recursive }: FileFlags, io: Pick<Io, 'cwd' | 'stdin'>): Promise<Documents> {
  const read = await readSources(filename, recursive === true, io);
  if (!read.ok) throw new Error(read.message);
  const parsed = read.sources.map(parseSource);
  const [objects, faults] = [parsed.flatMap((source) => source.objects), parsed.flatMap((source) => source.faults)];
  if (filename.length > 0 && objects.length === 0 && faults.length === 0) throw new Error(nothingText(read.sources));
  return { files: read.sources.length, objects, faults };
}

/** Names of files that are told one by one. */
const MOST_NAMES = 3;

function nothingText(sources: readonly SourceText[]): string {
  const names = sources.map(({ name }) => name);
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  const bytes = sources.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const came = sources.every(({ text }) => text.trim() === '') ? 'came nothing' : `there is none in ${bytes} bytes`;
  const hint = names.includes(STDIN_NAME) ? '; see whether the command before the pipe has failed' : '';
  return `read ${names.slice(0, MOST_NAMES).join(', ')}${more}: expected objects of Kubernetes as YAML or JSON, ${came}${hint}`;
}
