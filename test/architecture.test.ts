import { existsSync, globSync, readFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { makeCore } from '#scripts/build/core.ts';
import { metafilePath } from '#scripts/build/output.ts';
import { ROOT } from '#scripts/build/paths.ts';
import { faultsOf } from './support/dependency-rule.ts';

describe('the dependency rule, in the sources', () => {
  const sources = globSync('{core,host,plugin}/**/*.ts', { cwd: ROOT, exclude: ['core/engine/**'] }).sort();

  test('there are sources of all three', () => {
    for (const folder of ['core/', 'host/', 'plugin/']) expect(sources.filter((file) => file.startsWith(folder)).length).toBeGreaterThan(5);
  });
  test.each(['core', 'host', 'plugin'])('%s', (folder) => {
    const own = sources.filter((file) => file.startsWith(`${folder}/`));
    expect(own.flatMap((file) => faultsOf(file, readFileSync(ROOT + file, 'utf8')))).toEqual([]);
  });
});

describe('the dependency rule, in the bundles', () => {
  test('core.wasm holds the core and javy, and no schema library', async () => {
    const inputs = Object.keys((await makeCore()).metafile.inputs);
    expect(inputs).toContain('core/decide.ts');
    expect(inputs.filter((input) => !/^core\/(?!engine\/)/.test(input) && !input.startsWith('node_modules/javy/'))).toEqual([]);
  });
  test.each([
    // core/units is what the schemas of core/api need.
    ['host', /^(host\/(?!simulation\/)|core\/(contract|api|units)\/|node_modules\/|package\.json$)/],
    // `simulate` brings the simulation, which knows the names of Pods.
    ['plugin', /^(plugin\/|host\/|core\/(contract|api|units)\/|core\/pod\/names\.ts$|node_modules\/|package\.json$)/],
  ])('the bundle of %s holds no rules of the core, no script and no test', (bundle, allowed) => {
    const inputs = Object.keys(metafile(bundle).inputs);
    expect(inputs).toContain(`${bundle}/main.ts`);
    expect(inputs.filter((input) => !allowed.test(input))).toEqual([]);
  });
  test('what the plugin loads for `--help` holds neither the API server’s client nor the schemas', () => {
    const { outputs } = metafile('plugin');
    const loaded = staticallyLoaded(outputs, 'dist/kubectl-opencode.mjs').flatMap((output) => Object.keys(outputs[output]?.inputs ?? {}));
    expect(loaded).toContain('plugin/main.ts');
    expect(
      loaded.filter((input) => /^(node_modules\/(@kubernetes|undici|zod|yaml)|test|host|plugin\/output\/jsonpath)\//.test(input)),
    ).toEqual([]);
  });
  test('what completes a word without asking anybody loads no more than that', () => {
    const { outputs } = metafile('plugin');
    const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === 'plugin/completion/complete.ts');
    if (entry === undefined) throw new Error('expected a chunk of plugin/completion/complete.ts');
    const loaded = staticallyLoaded(outputs, entry).flatMap((output) => Object.keys(outputs[output]?.inputs ?? {}));
    expect(loaded).toContain('plugin/completion/line.ts');
    expect(loaded.filter((input) => !/^(plugin\/(completion|argument-words)|node_modules\/commander\/)/.test(input))).toEqual([]);
  });
});

describe('what the rule catches', () => {
  test.each([
    ['core/task/a.ts', `import { b } from '#host/clock.ts';`, 'imports host/clock.ts'],
    ['core/task/a.ts', `import fs from 'node:fs';`, 'imports node:fs'],
    ['core/task/a.ts', `import { z } from 'zod';`, 'imports zod'],
    ['core/task/a.ts', `import { taskSchema } from '../api/task.ts';`, 'imports core/api/task.ts, of which rules may take types only'],
    ['core/task/a.ts', `import { readFileSync } from 'javy/fs';`, 'imports javy/fs'],
    ['core/task/a.ts', 'export const now = () => new Date();', 'reads the clock: new Date()'],
    ['core/task/a.ts', `export const b = 'a'.localeCompare('b');`, 'depends on the engine: localeCompare'],
    ['core/task/a.ts', 'export const b = new Intl.NumberFormat();', 'depends on the engine: Intl'],
    ['host/a.ts', `import { decide } from '#core/decide.ts';`, 'imports core/decide.ts'],
    ['host/a.ts', `import { pod } from '../test/support/builders.ts';`, 'imports test/support/builders.ts'],
    ['host/a.ts', `export const b = await import('#plugin/main.ts');`, 'imports plugin/main.ts'],
    ['host/a.ts', `import { request } from 'node:https';`, 'imports the HTTP library node:https'],
    ['host/a.ts', `import { Agent } from 'undici';`, 'imports the HTTP library undici'],
    ['host/a.ts', `import { KubeConfig } from '@kubernetes/client-node';`, 'imports the HTTP library @kubernetes/client-node'],
    ['host/a.ts', `export const b = () => fetch('http://a');`, 'uses the HTTP library fetch'],
    ['host/a.ts', 'export const b = () => setTimeout(() => {}, 1);', 'uses a timer: setTimeout'],
    ['host/a.ts', 'export const b = () => Date.now();', 'reads the clock: Date.now'],
    ['host/a.ts', 'export const b = () => performance.now();', 'reads the clock: performance.now'],
    ['host/a.ts', 'export const b = () => Math.random();', 'takes chance: Math.random'],
    ['host/a.ts', `import { setTimeout } from 'node:timers/promises';`, 'imports the timers node:timers/promises'],
    ['plugin/a.ts', `import { elector } from '#host/leader/elector.ts';`, 'imports host/leader/elector.ts'],
    ['plugin/a.ts', `export { b } from '#scripts/build.ts';`, 'imports scripts/build.ts'],
    ['plugin/a.ts', `import { simulate } from '#host/simulation/simulate.ts';`, 'imports host/simulation/simulate.ts'],
    ['host/a.ts', `import { simulate } from '#host/simulation/simulate.ts';`, 'imports host/simulation/simulate.ts'],
    ['plugin/simulate/a.ts', `import { task } from '#test/support/builders.ts';`, 'imports test/support/builders.ts'],
    [
      'plugin/simulate/a.ts',
      `import './mutants.test.ts';\nimport '#test/simulation/mutants.test.ts';`,
      'imports test/simulation/mutants.test.ts',
    ],
  ])('%s: %s', (file, source, fault) => {
    expect(faultsOf(file, source)).toEqual([`${file} ${fault}`]);
  });
  test.each([
    ['core/task/a.ts', `import type { Task } from '../api/task.ts';\nimport { refKey } from '../contract/snapshot.ts';`],
    ['core/task/a.ts', `import { type Task } from '../api/task.ts';`],
    ['core/task/a.ts', `// Date.now() is not there\nexport const b = 'Date.now()'; export const c = new Date(0);`],
    ['core/main.ts', `import { readFileSync } from 'javy/fs';`],
    ['core/api/a.ts', `import { z } from 'zod';`],
    ['host/a.ts', `import type { Task } from '#core/api/task.ts';\nimport { RESOURCES } from '#core/contract/kinds.ts';`],
    ['host/a.ts', `import type { Dispatcher } from 'undici';`],
    ['host/real-clock.ts', 'export const b = () => Date.now();'],
    ['host/cluster/rest/pool.ts', `import { Agent } from 'undici';`],
    ['host/observe/server.ts', `import { createServer } from 'node:http';`],
    ['plugin/a.ts', `import { loadEngine } from '#host/engine/wasm-engine.ts';`],
    ['host/simulation/a.ts', `import { logConfigMapName } from '#core/pod/names.ts';`],
    ['plugin/simulate/a.ts', `import { simulate } from '#host/simulation/simulate.ts';`],
  ])('%s may: %s', (file, source) => {
    expect(faultsOf(file, source)).toEqual([]);
  });
});

function metafile(bundle: string): Metafile {
  const file = metafilePath(bundle);
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build\``);
  return JSON.parse(readFileSync(file, 'utf8')) as Metafile;
}

/** An output and all that its import statements bring in. */
function staticallyLoaded(outputs: Metafile['outputs'], entry: string): readonly string[] {
  const loaded = new Set<string>();
  const waiting = [entry];
  for (let output = waiting.pop(); output !== undefined; output = waiting.pop()) {
    if (loaded.has(output)) continue;
    loaded.add(output);
    const imports = outputs[output]?.imports ?? [];
    waiting.push(...imports.filter(({ kind, external }) => kind === 'import-statement' && external !== true).map(({ path }) => path));
  }
  return [...loaded];
}
