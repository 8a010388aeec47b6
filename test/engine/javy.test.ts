import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundleForEngine } from '#scripts/build/core.ts';
import { ENGINE_WASM } from '#scripts/build/paths.ts';
import { found, snapshot, template } from '#test/support/builders.ts';
import { decideText } from '#test/support/source-engine.ts';
import { compileSource, emitDynamic, importNamespace, runDynamic } from './dynamic-module.ts';

const plugin = new WebAssembly.Module(readFileSync(ENGINE_WASM));
const INPUT = JSON.stringify(snapshot({ read: found({ template: template() }) }));

describe('engine.wasm is a Javy plugin', () => {
  test('it has what javy asks of a plugin (javy-codegen, plugin.rs)', () => {
    const exported = new Map(WebAssembly.Module.exports(plugin).map(({ name, kind }) => [name, kind]));
    const wanted = {
      memory: 'memory',
      'initialize-runtime': 'function',
      'compile-src': 'function',
      invoke: 'function',
      cabi_realloc: 'function',
    };
    expect(Object.fromEntries(Object.keys(wanted).map((name) => [name, exported.get(name)]))).toEqual(wanted);
    expect(importNamespace(plugin)).toBe('kubeopencode-engine-v1');
  });

  test('the core, compiled by its compile-src into a dynamic module, decides as the source does', async () => {
    const module = emitDynamic(importNamespace(plugin), compileSource(plugin, await bundled()), ['main']);
    expect(runDynamic(plugin, module, 'main', INPUT)).toEqual({ stdout: `${decideText(INPUT)}\n`, stderr: '' });
  });

  test('a dynamic module’s _start evaluates the module', () => {
    const bytecode = compileSource(plugin, `console.log('evaluated', typeof eval);`);
    expect(runDynamic(plugin, emitDynamic(importNamespace(plugin), bytecode, []), '_start', '').stderr).toBe('evaluated undefined\n');
  });

  test('a fault in the source is compile-src’s to say', () => {
    expect(() => compileSource(plugin, 'export function (')).toThrow(/compile-src: .*(SyntaxError|function name|expecting)/s);
  });

  const javy = process.env.JAVY ?? 'javy';
  const javyRuns = spawnSync(javy, ['--version']).status === 0;
  test('the javy program builds a dynamic module that runs on it', async ({ skip }) => {
    if (!javyRuns) return skip('the javy program is not on PATH nor named by JAVY: the emitted module above is all that was tried');
    const folder = mkdtempSync(join(tmpdir(), 'javy-'));
    try {
      writeFileSync(join(folder, 'core.mjs'), `${await bundled()}\nmain();\n`);
      execFileSync(javy, [
        'build',
        '-C',
        'dynamic',
        '-C',
        `plugin=${ENGINE_WASM}`,
        '-o',
        join(folder, 'core.wasm'),
        join(folder, 'core.mjs'),
      ]);
      const { stdout } = runDynamic(plugin, readFileSync(join(folder, 'core.wasm')), '_start', INPUT);
      expect(stdout).toBe(`${decideText(INPUT)}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

async function bundled(): Promise<string> {
  return new TextDecoder().decode((await bundleForEngine('core/main.ts')).code);
}
