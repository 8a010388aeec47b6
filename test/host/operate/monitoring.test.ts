import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { findPromtool } from '#scripts/promtool.ts';
import { type Alert, dashboard, exposedSeries, metricsIn, ruleSpec } from './monitoring.ts';

const alerts = ruleSpec().groups.flatMap(({ rules }) => rules);
const board = dashboard();
const runbook = readFileSync('host/docs/runbook.md', 'utf8');

/** The variable, as Grafana writes it. */
const DATA_SOURCE = '$'.concat('{datasource}');
/** Prometheus' own, which no host exposes. */
const OF_PROMETHEUS = new Set(['ALERTS']);

describe('what the alarms and the dashboard read', () => {
  const expressions: readonly (readonly [string, string])[] = [
    ...alerts.map(({ alert, expr }) => [alert, expr] as const),
    ...board.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
    ...board.annotations.list.map(({ expr }) => ['annotation', expr] as const),
  ];
  test('there are some', () => expect(expressions.length).toBeGreaterThan(50));
  test.each(expressions)('%s: %s', async (_title, expression) => {
    const series = await exposedSeries();
    const read = metricsIn(expression);
    if (read.length === 0) throw new Error('reads no metric');
    expect(read.filter((metric) => !series.has(metric) && !OF_PROMETHEUS.has(metric))).toEqual([]);
  });
  test('an expression that is none, or a metric that there is not, is noticed', async () => {
    expect(() => metricsIn('sum(rate(a[5m])')).toThrow('no PromQL');
    expect(metricsIn('sum by (a) (rate(kubeopencode_nothing{b="c"}[5m]))')).toEqual(['kubeopencode_nothing']);
    expect((await exposedSeries()).has('kubeopencode_nothing')).toBe(false);
  });
  test('every metric of ours is on the dashboard or in an alarm', async () => {
    const read = new Set(
      expressions.flatMap(([, expression]) => metricsIn(expression).map((metric) => metric.replace(/_(bucket|sum|count)$/, ''))),
    );
    const unread = [...(await exposedSeries()).keys()]
      .filter((name) => name.startsWith('kubeopencode_'))
      .map((name) => name.replace(/_(bucket|sum|count)$/, ''))
      .filter((name) => !read.has(name));
    // Asked for by hand: each has a panel with more to it.
    expect([...new Set(unread)].sort()).toEqual([
      'kubeopencode_actions_total',
      'kubeopencode_api_request_duration_seconds',
      'kubeopencode_metrics_folded_total',
    ]);
  });
});

describe('the runbook', () => {
  /** Parts by name, as GitHub makes anchors. */
  const parts = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part] as const),
  );
  test('has a part for each alarm, and for nothing else', () => {
    expect([...parts.keys()].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
    expect(alerts.length).toBeGreaterThanOrEqual(10);
  });
  test.each(alerts)('$alert: severity, words for people, and the way to its part', ({ alert, labels, annotations }) => {
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations).toEqual({
      summary: expect.stringMatching(/^.{20,}[.)]$/),
      description: expect.stringMatching(/^.{20,}\.$/s),
      runbook_url: `host/docs/runbook.md#${alert.toLowerCase()}`,
    });
    const part = parts.get(alert) ?? '';
    for (const section of ['**Means:**', '**Users see:**', '```sh\n', '**Mend:**', '**Escalate**']) expect(part).toContain(section);
  });
  test('names other alarms and commands of the plugin only where there are such', () => {
    for (const [name] of runbook.matchAll(/KubeOpenCode[A-Z]\w+/g)) {
      if (name !== 'KubeOpenCodeConfig') expect(parts.has(name) ? name : `no alarm ${name}`).toBe(name);
    }
    const commands = new Set(readdirSync('plugin/commands').map((file) => file.replace('.ts', '')));
    const used = [...runbook.matchAll(/kubectl opencode ([a-z]+)/g)].map(([, command = '']) => command);
    expect(used.length).toBeGreaterThan(10);
    expect(used.filter((command) => !commands.has(command))).toEqual([]);
  });
});

describe('the dashboard', () => {
  const drawn = board.panels.filter(({ type }) => type !== 'row');
  test('has its data source, namespace and Agent as variables, and every panel and query uses that data source', () => {
    expect(board.templating.list.map(({ name }) => name)).toEqual(['datasource', 'namespace', 'agent']);
    for (const { datasource, targets = [] } of drawn)
      expect([datasource?.uid, ...targets.map((target) => target.datasource.uid)]).toEqual([undefined, ...targets].map(() => DATA_SOURCE));
  });
  test('panels have ids and titles of their own, a question they answer, and a query each', () => {
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    expect(new Set(board.panels.map(({ title }) => title)).size).toBe(board.panels.length);
    for (const { title, description = '', targets = [] } of drawn)
      expect([title, description !== '', targets.length > 0, new Set(targets.map(({ refId }) => refId)).size === targets.length]).toEqual([
        title,
        true,
        true,
        true,
      ]);
  });
  test('no panel lies upon another or beyond the edge', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of board.panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, taken.has(`${x}/${y}`)]).toEqual([title, false]);
          taken.add(`${x}/${y}`);
        }
      }
    }
  });
});

/** It writes a database for each of its tests, and the machine may be busy. */
const PROMTOOL_TIMEOUT_MS = 120_000;

describe('promtool', { timeout: PROMTOOL_TIMEOUT_MS }, () => {
  const promtool = findPromtool();
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'promtool-'));
    cpSync('test/host/operate/rules.yaml', join(folder, 'tests.yml'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What promtool says of the alarms, changed by `change`. */
  function judge(
    how: 'check' | 'test',
    change: (alert: Alert) => Alert = (alert) => alert,
  ): { readonly ok: boolean; readonly said: string } {
    if (promtool.type === 'Missing') throw new Error(promtool.reason);
    const groups = ruleSpec().groups.map((group) => ({ ...group, rules: group.rules.map(change) }));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups }));
    try {
      const said = execFileSync(promtool.file, [how, 'rules', how === 'check' ? 'rules.yml' : 'tests.yml'], {
        cwd: folder,
        encoding: 'utf8',
        stdio: 'pipe',
      });
      return { ok: true, said };
    } catch (error) {
      return { ok: false, said: String(error) };
    }
  }

  test('accepts the rules', ({ skip }) => {
    if (promtool.type === 'Missing') skip(promtool.reason);
    expect(judge('check')).toEqual({ ok: true, said: expect.stringContaining(`${alerts.length} rules found`) });
  });
  test('finds that each rings when it should, and that none rings on a healthy host', ({ skip }) => {
    if (promtool.type === 'Missing') skip(promtool.reason);
    expect(judge('test')).toMatchObject({ ok: true });
  });
  test('would notice when one never rang, or always', ({ skip }) => {
    const tests = readFileSync('test/host/operate/rules.yaml', 'utf8');
    // Each is expected to ring somewhere, and none does on the healthy host.
    expect(alerts.map(({ alert }) => alert).filter((name) => !new RegExp(`alertname(="|: )${name}\\b`).test(tests))).toEqual([]);
    if (promtool.type === 'Missing') skip(promtool.reason);
    const all = (expr: string) => (rule: Alert) => ({ ...rule, expr, for: '0m' });
    const [never, always] = [judge('test', all('vector(0) > 1')), judge('test', all('vector(1)'))];
    expect([never.ok, always.ok]).toEqual([false, false]);
    for (const { alert } of alerts) expect(always.said).toContain(`alertname="${alert}"`);
  });
});
