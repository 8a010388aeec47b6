import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { FAULTS } from '#host/simulation/scenario.ts';
import type { SimulateReport } from '#plugin/contract/simulate.ts';
import { parseSource } from '#plugin/input/documents.ts';
import { readManifests } from '#plugin/input/objects.ts';
import { FAULT_NAMES, type FaultGroup } from '#plugin/simulate/faults.ts';
import { runSimulation, type SimulateInput } from '#plugin/simulate/run.ts';
import { scenarioOfFiles } from '#plugin/simulate/scenario.ts';
import { shortNames } from '#plugin/simulate/short-names.ts';
import { DIST } from '#scripts/build/paths.ts';
import { MUTANTS } from '#test/simulation/mutants.ts';
import { run } from '../io.ts';

// Whole histories.
vi.setConfig({ testTimeout: 60_000 });

const FILES = `apiVersion: kubeopencode.io/v1alpha1
kind: Agent
metadata: {name: coder, namespace: web}
spec:
  workspaceDir: /workspace
  serviceAccountName: default
  maxConcurrentTasks: 1
  contexts: [{name: rules, type: ConfigMap, configMap: {name: rules, key: a.md}, mountPath: rules.md}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: rules, namespace: web}
data: {a.md: be good}
---
apiVersion: kubeopencode.io/v1alpha1
kind: Task
metadata: {name: fix-bug, namespace: web}
spec: {agentRef: {name: coder}, description: Fix it., retry: {limit: 1}}
---
apiVersion: kubeopencode.io/v1alpha1
kind: Task
metadata: {name: docs, namespace: web}
spec: {agentRef: {name: coder}, description: Write it.}
`;
const { objects } = readManifests(parseSource({ name: 'files.yaml', text: FILES }).objects, 'default', false);
const engine = loadEngine(readFileSync(`${DIST}core.wasm`));
const simulated = (more: Partial<SimulateInput> = {}) =>
  runSimulation({ engine, objects, seed: 1, histories: 4, faults: FAULT_NAMES, again: (seed) => `again ${seed}`, ...more });

describe('the histories', () => {
  test('are of the Tasks of the files, under their names, each with an end', async () => {
    const lines: string[] = [];
    const report = await simulated({ onHistory: (_, told) => lines.push(...told) });
    expect(report).toMatchObject({ source: 'files', seed: 1, histories: 4, failures: [] });
    expect(report.tasks.map(({ namespace, name, ends }) => [namespace, name, ends.reduce((sum, { count }) => sum + count, 0)])).toEqual([
      ['web', 'fix-bug', 4],
      ['web', 'docs', 4],
    ]);
    expect(report.decisions).toBeGreaterThan(20);
    expect(lines.some((line) => line.includes('user creates task web/fix-bug {'))).toBe(true);
    expect(lines.some((line) => line.includes('fix-bug-pod'))).toBe(true);
    expect(lines.filter((line) => /\bt[01]\b|team-[ab]/.test(line))).toEqual([]);
    // What the Agent names is there: nobody waits for it.
    expect(lines.filter((line) => line.includes('ContextError'))).toEqual([]);
  });

  test('are the same for the same seed, to the letter', async () => {
    const told = async () => {
      const lines: string[] = [];
      await simulated({ seed: 9, histories: 1, onHistory: (_, more) => lines.push(...more) });
      return lines;
    };
    expect(await told()).toEqual(await told());
  });

  test('without faults nothing is lost: every Task ends as its agent does', async () => {
    const { ends } = await simulated({ faults: [], histories: 6 });
    expect(ends[0]).toMatchObject({ phase: 'Completed' });
    expect(ends.map(({ cause }) => cause)).not.toContain('Stopped');
  });

  test('of a controller with a mistake one is told that shows it, cut down, with its seed', async () => {
    const mutation = MUTANTS.find(({ name }) => name === 'an Agent has one place more than it says');
    if (mutation === undefined)
      throw new Error(`expected a mistake about Pods or limits among ${MUTANTS.map(({ name }) => name).join(', ')}`);
    const { failures, histories } = await simulated({ mutation, histories: 12, faults: [] });
    const [failure] = failures;
    expect(failure?.violations.length).toBeGreaterThan(0);
    expect(failure?.history.at(-1)).toContain(`VIOLATION ${failure?.violations[0]?.rule}`);
    expect(failure?.again).toBe(`again ${failure?.seed}`);
    expect(histories).toBe(12);
  });
});

describe('--fault', () => {
  const happened = (faults: readonly FaultGroup[]) => {
    const scenarios = Array.from({ length: 60 }, (_, seed) => scenarioOfFiles(seed, objects, shortNames(objects), faults));
    return {
      rates: FAULTS.filter((name) => scenarios.some(({ rates }) => rates[name] > 0)),
      types: [...new Set(scenarios.flatMap(({ happenings }) => happenings.map(({ happening }) => happening.type)))].sort(),
    };
  };
  const APPLIED = ['AgentReady', 'ApplyAgent', 'ApplyConfigMap', 'CreateTask'];

  test('none: only the files are applied', () => expect(happened([])).toEqual({ rates: [], types: APPLIED }));
  test('some: those and no others', () =>
    expect(happened(['crash', 'eviction'])).toEqual({ rates: ['crash'], types: [...APPLIED, 'CrashHost', 'EvictPod'].sort() }));
  test('all: every one that a real API server can have', () => {
    const { rates, types } = happened(FAULT_NAMES);
    expect(rates).toEqual(FAULTS.filter((name) => name !== 'watchDrop'));
    expect(types).toEqual(expect.arrayContaining(['CrashHost', 'PauseHost', 'NodeLost', 'PodQuota', 'EvictPod', 'Delete', 'StopTask']));
  });
});

describe('the command', () => {
  test('files: text for people, exit code 0', async () => {
    const { code, out, err } = await run(['simulate', '-f', '-', '--histories', '2', '--seed', '3', '--fault', 'crash,lose'], {
      stdin: FILES,
    });
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^2 histories of seeds 3 to 4: no invariant was broken\ncore sha256:/);
    expect(out).toContain('\nfaults: crash, lose\n');
    expect(out).toMatch(/^web\/fix-bug {3}\S/m);
  });

  test('drawn: JSON', async () => {
    const { code, out } = await run(['simulate', '--histories', '2', '-o', 'json']);
    const report = JSON.parse(out) as SimulateReport;
    expect(code).toBe(0);
    expect(report).toMatchObject({ formatVersion: 1, source: 'drawn', histories: 2, tasks: [], failures: [], faults: [...FAULT_NAMES] });
  });

  test.each<[name: string, args: string[], stdin: string, message: string]>([
    ['a fault in the files', [], FILES.replace('description: Fix it.', 'timeout: 1 hour'), 'nothing was simulated'],
    ['no Task', [], FILES.split('---').slice(0, 1).join(''), 'expected a Task in the files'],
    [
      'three namespaces',
      [],
      `${FILES}---\n${FILES.split('---\n')[3]?.replaceAll('web', 'a')}---\n${FILES.split('---\n')[3]?.replaceAll('web', 'b')}`,
      'at most 2 namespaces',
    ],
    ['an unknown fault', ['--fault', 'gremlins'], FILES, 'want some of crash, pause'],
    ['no histories', ['--histories', '0'], FILES, 'want a number from 1'],
  ])('%s is an error', async (_, args, stdin, message) => {
    const { code, out, err } = await run(['simulate', '-f', '-', ...args], { stdin });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
  });
});
