import { describe, expect, it } from 'vitest';
import { scenarioOf } from '#host/simulation/generate.ts';
import { simulate } from '#host/simulation/simulate.ts';
import { type Paint, plain } from '#plugin/io.ts';
import { parseCommandLine, type Request } from '#scripts/simulate/command-line.ts';
import { failureOf } from '#scripts/simulate/failure.ts';
import { failureText, historyText } from '#scripts/simulate/history-text.ts';
import { mistakeNamed } from '#scripts/simulate/mistakes.ts';
import { longTime } from '#scripts/simulate/numbers.ts';
import { progressText, shortTime } from '#scripts/simulate/progress.ts';
import { NO_SEEDS } from '#test/simulation/run-seeds.ts';
import { sourceEngine } from '#test/support/source-engine.ts';

const tagged: Paint = (style, text) => `<${style}>${text}</>`;

describe('a history as text', () => {
  it('has the times in a column and broken lines under their beginning', () => {
    const lines = [
      '+0.000s host-1 leads',
      '+12345.678s   host-1 sends patch Task/status team-a/t1',
      '+2.000s user applies Agent {"a":1,"b":22}',
    ];
    expect(historyText(lines, { paint: plain, columns: 45 })).toBe(
      [
        '     0.000s  host-1 leads\n',
        '12,345.678s    host-1 sends patch Task/status\n',
        '                   team-a/t1\n',
        '     2.000s  user applies Agent {"a":1,\n',
        '                 "b":22}\n',
      ].join(''),
    );
  });

  it.each([
    ['  host-1 decides team-a/t1: task/running (pods none)', 'dim'],
    ['  host-1 sends create Pod team-a/t1-pod', 'cyan'],
    ['  host-1: Pod team-a/t1-pod refused: 403 Forbidden', 'yellow'],
    ['host-2 stands still', 'yellow'],
    ['Task team-a/t1 (0efcc103): Running -> Completed', 'green'],
    ['user stops task team-a/t1', 'bold'],
    ['VIOLATION every-task-ends: not this one', 'red'],
  ])('colours: %s', (text, style) => {
    expect(historyText([`+1.000s ${text}`], { paint: tagged, columns: undefined })).toBe(`<dim>     1.000s</>  <${style}>${text}</>\n`);
  });
});

describe('a known mistake', () => {
  const mutation = mistakeNamed('before the Pod is created');

  it('breaks an invariant, is cut down to what that needs, and says how to see it again', async () => {
    const options = { engine: sourceEngine, mutation };
    const scenario = scenarioOf(1);
    const history = await simulate(scenario, options);
    expect(history.violations).not.toEqual([]);
    const failure = await failureOf({ seed: 1, scenario, history, violations: history.violations, isCompared: false }, options);
    expect(failure.lines.length).toBeLessThan(history.lines.length);
    const text = failureText(failure, { paint: plain, columns: undefined, mistake: mutation.name });
    expect(text).toMatch(/^seed 1 breaks running-only-with-a-pod: task \S+ .* there never was a pod/);
    expect(text).toMatch(/\n +\d+\.\d{3}s {2}VIOLATION running-only-with-a-pod: /);
    expect(text).toMatch(/\nsee it again: npm run simulate -- --seed 1 --mistake 'Running is written before the Pod is created'\n$/);
  });

  it('is asked for by a part that only its name has', () => {
    expect(() => mistakeNamed('the')).toThrow(/expected one of those below.*got "the"\n {2}deletions without the UID\n/);
    expect(() => mistakeNamed('no such mistake')).toThrow(/deletions without the UID/);
  });
});

describe('progress', () => {
  const state = {
    from: 1,
    counts: { ...NO_SEEDS, histories: 500, decisions: 25_000, writes: 15_000, virtualMs: 259_200_000 },
    failures: [],
  };

  it.each([
    [{ histories: 2_000, forMs: undefined }, '500 of 2,000 histories, 1,000 a minute, 90 s left'],
    [{ histories: undefined, forMs: 3_600_000 }, '500 histories, 1,000 a minute, 60 min left'],
    [{ histories: 2_000, forMs: 31_000 }, '500 of 2,000 histories, 1,000 a minute, 1 s left'],
  ])('says how far it is and how long it will take: %o', (request, text) => {
    expect(progressText({ ...state, tookMs: 30_000 }, request)).toBe(
      `${text}; 25,000 decisions, 15,000 writes, 3.0 days of virtual time; no violation`,
    );
  });

  it.each([
    [900, '1 s'],
    [119_000, '119 s'],
    [3_000_000, '50 min'],
    [12_000_000, '3 h 20 min'],
  ])('%i ms of the wall clock are %s', (ms, text) => expect(shortTime(ms)).toBe(text));

  it.each([
    [90_000, '90.0 seconds'],
    [200_000, '3.3 minutes'],
    [40 * 3_600_000, '40.0 hours'],
    [1_000 * 86_400_000, '2.7 years'],
  ])('%i ms of virtual time are %s', (ms, text) => expect(longTime(ms)).toBe(text));
});

describe('the command line', () => {
  const soak = { from: 1, histories: 2_000, forMs: undefined, jobs: expect.any(Number), maxFailures: 5, mistake: undefined };
  const file = { ledgerFile: expect.stringMatching(/kubeopencode.simulate.ledger\.json$/) };

  it.each<[string, Request]>([
    ['', { type: 'Soak', output: 'text', soak: { ...soak, ...file } }],
    ['--for 60m --from 7', { type: 'Soak', output: 'text', soak: { ...soak, ...file, from: 7, histories: undefined, forMs: 3_600_000 } }],
    [
      '--continue --histories 50 --for 1h --jobs 3 --max-failures 1 --ledger l.json -ojson',
      {
        type: 'Soak',
        output: 'json',
        soak: { ...soak, from: 'BehindLedger', histories: 50, forMs: 3_600_000, jobs: 3, maxFailures: 1, ledgerFile: 'l.json' },
      },
    ],
    ['--seed 0', { type: 'History', seed: 0, shrinks: true, mistake: undefined, output: 'text' }],
    ['--seed 9 --no-shrink --mistake x', { type: 'History', seed: 9, shrinks: false, mistake: 'x', output: 'text' }],
    ['--report --ledger l.json', { type: 'Report', ledgerFile: 'l.json' }],
  ])('%s', (line, request) => {
    expect(
      parseCommandLine(
        line.split(' ').filter((word) => word !== ''),
        () => {},
      ),
    ).toEqual(request);
  });

  it.each([
    ['--seed 1 --for 60m', /'--seed <n>' cannot be used with option '--for <duration>'/],
    ['--continue --from 5', /cannot be used with/],
    ['--seed 4294967296', /want a whole number from 0 to 4294967295/],
    ['--histories 0', /want a whole number from 1/],
    ['--for soon', /want a duration such as/],
    ['--no-shrink', /'--no-shrink' needs '--seed <n>'/],
    ['surplus', /too many arguments/],
  ])('refuses: %s', (line, why) => {
    let told = '';
    expect(parseCommandLine(line.split(' '), (text) => (told += text))).toEqual({ type: 'Told', exitCode: 1 });
    expect(told).toMatch(why);
    expect(told).toMatch(/See --help\.\n$/);
  });
});
