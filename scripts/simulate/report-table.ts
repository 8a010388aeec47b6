import type { SeedCounts } from '#test/simulation/run-seeds.ts';
import { type Ledger, totalOf } from './ledger.ts';
import { grouped, longTime } from './numbers.ts';
import type { SeedRange } from './seeds.ts';

const HEAD = ['date', 'commit', 'seeds', 'histories', 'in core.wasm too', 'decisions', 'writes', 'virtual time', 'violations'];
/** More gaps than these are counted, not listed. */
const MAX_RANGES = 3;

/** The ledger as a Markdown table: a row for each state of the sources, and the total. */
export function reportTable(ledger: Ledger): string {
  const rows = ledger.sources.map((record) => [
    record.lastAt.slice(0, 10),
    commitText(record),
    seedsText(record.seeds),
    ...countsCells(record.counts),
  ]);
  const total = ['**total**', '', '', ...countsCells(totalOf(ledger))];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return `${[line(HEAD), `|${HEAD.map((_, column) => (column < 3 ? '---' : '--:')).join('|')}|`, ...rows.map(line), line(total)].join('\n')}\n`;
}

function countsCells({ histories, compared, decisions, writes, virtualMs, violated }: SeedCounts): readonly string[] {
  return [grouped(histories), grouped(compared), grouped(decisions), grouped(writes), longTime(virtualMs), grouped(violated)];
}

function commitText({ commit, isCommitted, digest }: Ledger['sources'][number]): string {
  if (commit === undefined) return `\`${digest.slice(0, 19)}\``;
  return `\`${commit}\`${isCommitted ? '' : ' and changes'}`;
}

function seedsText(seeds: readonly SeedRange[]): string {
  const [first, last] = [seeds[0], seeds.at(-1)];
  if (first === undefined || last === undefined) return 'none';
  if (seeds.length > MAX_RANGES) return `${rangeText([first[0], last[1]])}, with ${seeds.length - 1} gaps`;
  return seeds.map(rangeText).join(', ');
}

function rangeText([first, last]: SeedRange): string {
  return first === last ? grouped(first) : `${grouped(first)} to ${grouped(last)}`;
}
