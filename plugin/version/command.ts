import type { Result } from '#host/cluster/cluster.ts';
import { readServerVersion } from '#host/cluster/rest/server-version.ts';
import { realClock } from '#host/real-clock.ts';
import { targetOptions } from '../cluster/target.ts';
import { createTrace } from '../cluster/trace.ts';
import type { VersionFlags } from '../commands/version.ts';
import type { Versions } from '../contract/version.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { tooOld } from './oldest-server.ts';
import { ownVersions } from './versions.ts';

/** As kubectl: what is known here is printed whatever comes of the question to the API server; without an answer the exit code is 1. */
export async function runVersion(flags: VersionFlags, io: Pick<Io, 'out' | 'err'>): Promise<ExitCode> {
  const own = ownVersions(flags.core);
  const server = flags.client === true ? undefined : await asked(flags, io);
  const known: Versions = server?.ok === true ? { ...own, server: server.value } : own;
  io.out(isDataForm(flags.output) ? await rendered(known, flags.output) : text(known));
  if (server === undefined) return EXIT.ok;
  if (!server.ok) {
    io.err(`error: ask the API server for its version: ${server.error.message}; --client asks no cluster\n`);
    return EXIT.error;
  }
  const warning = tooOld(server.value);
  if (warning !== null) io.err(`warning: ${warning}\n`);
  return EXIT.ok;
}

async function asked(flags: VersionFlags, { err }: Pick<Io, 'err'>): Promise<Result<string> | { ok: false; error: { message: string } }> {
  const trace = createTrace(flags.v ?? 0, err);
  try {
    return await readServerVersion({
      ...targetOptions(flags),
      clock: realClock,
      userAgent: 'kubectl-opencode',
      ...(trace === undefined ? {} : { onExchange: trace }),
    });
  } catch (error) {
    return { ok: false, error: { message: error instanceof Error ? error.message : String(error) } };
  }
}

function text({ plugin, core, node, server }: Versions): string {
  const lines = [`Plugin: ${plugin}`, `Core: ${core.digest}`, `Contract: ${core.contract}`, `Node: ${node}`];
  return `${[...lines, ...(server === undefined ? [] : [`Server: ${server}`])].join('\n')}\n`;
}
