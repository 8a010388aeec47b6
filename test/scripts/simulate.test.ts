import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Ledger } from '#scripts/simulate/ledger.ts';
import type { SummaryJson } from '#scripts/simulate/summary.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/simulate.ts', import.meta.url));
const LONG_MS = 120_000;

let folder: string;
let ledger: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulate-'));
  ledger = join(folder, 'ledger.json');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return { child, ended: once(child, 'close').then(([exitCode]) => ({ exitCode, out, err })) };
}

async function simulated(...args: readonly string[]): Promise<Ended> {
  return start(...args).ended;
}

const readLedger = (): Ledger => JSON.parse(readFileSync(ledger, 'utf8')) as Ledger;
const summaryOf = ({ out }: Ended): SummaryJson => JSON.parse(out) as SummaryJson;

describe('npm run simulate', { timeout: LONG_MS }, () => {
  it('runs histories on threads, every hundredth in core.wasm too, and enters them in the ledger', async () => {
    const run = await simulated('--from', '81', '--histories', '24', '--jobs', '2', '--ledger', ledger, '-ojson');
    expect(run.err).toBe('');
    expect(run.exitCode).toBe(0);
    expect(summaryOf(run)).toMatchObject({
      end: 'Done',
      from: 81,
      histories: 24,
      inCoreWasmToo: 1,
      failures: [],
      ledger: { inAll: 24, ofSource: 24 },
    });
    const [record] = readLedger().sources;
    expect(record).toMatchObject({ seeds: [[81, 104]], counts: { histories: 24, compared: 1, violated: 0 } });
    expect(record?.counts.decisions).toBe(summaryOf(run).decisions);
  });

  it('counts nothing twice, and goes on behind what it has', async () => {
    const before = readLedger();
    const again = await simulated('--from', '101', '--histories', '4', '--ledger', ledger, '-ojson');
    expect(summaryOf(again)).toMatchObject({ histories: 4, ledger: { inAll: 24 } });
    expect(readLedger()).toEqual(before);
    const on = await simulated('--continue', '--histories', '6', '--ledger', ledger);
    expect(on.out).toMatch(/^6 histories from seed 105, 0 of them in core\.wasm too: no violation\n/);
    expect(readLedger().sources.map(({ seeds }) => seeds)).toEqual([[[81, 110]]]);
  });

  it('ends at Ctrl-C with the summary so far, and loses nothing of it', async () => {
    const other = join(folder, 'other.json');
    const { child, ended } = start('--for', '10m', '--jobs', '2', '--ledger', other, '-ojson');
    await vi.waitFor(() => expect(existsSync(other)).toBe(true), { timeout: LONG_MS, interval: 100 });
    child.kill('SIGINT');
    const run = await ended;
    expect(run.exitCode).toBe(0);
    const summary = summaryOf(run);
    expect(summary.end).toBe('Interrupted');
    expect(summary.histories).toBeGreaterThan(0);
    expect((JSON.parse(readFileSync(other, 'utf8')) as Ledger).sources[0]?.counts.histories).toBe(summary.histories);
  });

  it('ends with 1 when an invariant is broken, shows the shortest history and how to repeat it, and keeps mistakes out of the ledger', async () => {
    const unused = join(folder, 'unused.json');
    const args = ['--mistake', 'before the Pod is created', '--ledger', unused];
    const run = await simulated(...args, '--jobs', '1', '--max-failures', '2');
    expect(run.exitCode).toBe(1);
    expect(run.out.match(/^seed \d+ breaks running-only-with-a-pod: /gm)?.length).toBeGreaterThanOrEqual(2);
    expect(run.out).toMatch(/\d+ histories broke an invariant\n/);
    expect(run.out).toMatch(/see it again: npm run simulate -- --seed \d+ --mistake 'Running is written before the Pod is created'\n$/);
    expect(existsSync(unused)).toBe(false);
  });

  it('shows one history step by step, and of one that fails the shortest, unless all of it is asked for', async () => {
    const fine = await simulated('--seed', '5');
    expect(fine.exitCode).toBe(0);
    expect(fine.out).toMatch(/^seed 5, with the faults .*:\n(?: +0\.000s {2}.*\n)*? +0\.000s {2}host-1 leads\n/);
    expect(fine.out).toMatch(/s {4}host-1 decides team-\S+: task\/\S+ \(/);
    expect(fine.out).toMatch(/no violation, and core\.wasm tells the same to the letter\n$/);
    const mistake = ['--seed', '1', '--mistake', 'before the Pod is created'];
    const [short, whole] = await Promise.all([simulated(...mistake), simulated(...mistake, '--no-shrink')]);
    expect([short.exitCode, whole.exitCode]).toEqual([1, 1]);
    expect(short.out).toMatch(/VIOLATION running-only-with-a-pod/);
    expect(short.out.length).toBeLessThan(whole.out.length);
  });

  it('prints the ledger as a table', async () => {
    const { out } = await simulated('--report', '--ledger', ledger);
    expect(out).toMatch(/^\| date \| commit \|.*\n\|---.*\n\| \d{4}-\d\d-\d\d \| \S+.* \| 81 to 110 \| 30 \|/);
  });

  it('says what is wrong with a ledger before it runs anything', async () => {
    const { exitCode, err } = await simulated('--ledger', SCRIPT);
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^error: read the ledger .*simulate\.ts: expected one of format 1/);
  });
});
