import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeOutput } from '../build/output.ts';
import { withLock } from '../cluster/lock.ts';
import { EMPTY_LEDGER, type Ledger } from './ledger.ts';

const count = z.number().int().nonnegative();
const LEDGER = z.object({
  formatVersion: z.literal(1),
  sources: z.array(
    z.object({
      digest: z.string(),
      commit: z.string().optional(),
      isCommitted: z.boolean(),
      firstAt: z.string(),
      lastAt: z.string(),
      seeds: z.array(z.tuple([count, count])),
      counts: z.object({
        histories: count,
        compared: count,
        decisions: count,
        writes: count,
        virtualMs: count,
        violated: count,
      }),
    }),
  ),
});

/** The ledger of a file; an empty one where there is none. Throws when the file is something else. */
export function readLedger(file: string): Ledger {
  if (!existsSync(file)) return EMPTY_LEDGER;
  try {
    return LEDGER.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new Error(`read the ledger ${file}: expected one of format 1, got: ${why}; move it away, or name another with --ledger`, {
      cause,
    });
  }
}

/** Changes the ledger of a file as one step, whoever else does so at the same time; whoever is killed meanwhile leaves it as it was. */
export async function changeLedger(file: string, change: (ledger: Ledger) => Ledger): Promise<Ledger> {
  return withLock(
    `${file}.lock`,
    () => {},
    async () => {
      const before = readLedger(file);
      const after = change(before);
      if (after !== before) writeOutput(file, `${JSON.stringify(after, null, 1)}\n`);
      return after;
    },
  );
}
