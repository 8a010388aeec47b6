import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pluginInit } from '#host/image/helpers/plugin-init.ts';
import { npmArguments, type PluginPlan, pluginPlan } from '#host/image/helpers/plugin-plan.ts';
import { programs } from '#host/image/helpers/program.ts';
import { saidBy } from '#host/image/helpers/said.ts';

let folder: string;
let output: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugin-init-'));
  output = '';
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A tarball of a plugin that writes a file when its install script is run. */
function plugin(): string {
  const source = join(folder, 'source/package');
  mkdirSync(source, { recursive: true });
  const scripts = { postinstall: `touch ${join(folder, 'script-ran')}` };
  writeFileSync(join(source, 'package.json'), JSON.stringify({ name: 'a-plugin', version: '1.0.0', main: 'index.js', scripts }));
  writeFileSync(join(source, 'index.js'), 'export {}', { mode: 0o600 });
  execFileSync('tar', ['--create', '--gzip', '--file', join(folder, 'plugin.tgz'), '--directory', join(folder, 'source'), 'package']);
  return `file:${join(folder, 'plugin.tgz')}`;
}

async function install(plan: Partial<PluginPlan>): Promise<void> {
  // `npm --silent test` tells its level of words to whatever it starts.
  const inherited = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_'));
  const env = { ...Object.fromEntries(inherited), npm_config_cache: join(folder, 'cache'), npm_config_offline: 'true' };
  const said = saidBy('plugin-init', env, (text) => (output += text));
  const whole: PluginPlan = { packages: [plugin()], folder: join(folder, 'plugins'), scripts: 'Ignored', ...plan };
  await pluginInit(whole, { env, said, run: programs(said), npm: ['npm'] });
}

describe('plugin-init', () => {
  test('installs with npm, readable for everybody, and runs no install script', async () => {
    await install({});
    const installed = join(folder, 'plugins/node_modules/a-plugin/index.js');
    expect(readFileSync(installed, 'utf8')).toBe('export {}');
    expect(statSync(installed).mode & 0o444).toBe(0o444);
    expect(existsSync(join(folder, 'script-ran'))).toBe(false);
  });

  test('says what npm said when it fails', async () => {
    await expect(install({ packages: ['file:/nowhere.tgz'] })).rejects.toThrow(
      /installing the plugins file:\/nowhere.tgz with npm: exit code \d+: .*nowhere/,
    );
    expect(output).toContain('npm error');
  });

  test('does nothing for no plugins', async () => {
    await install({ packages: [] });
    expect(existsSync(join(folder, 'plugins'))).toBe(false);
  });

  test('scripts only where they were asked for, and no name is taken for a flag', () => {
    const planned = pluginPlan({ PLUGIN_PACKAGES: '["a@1","@b/c"]', PLUGIN_INSTALL_SCRIPTS: 'true' });
    expect(planned).toEqual({ ok: true, plan: { packages: ['a@1', '@b/c'], folder: '/plugins', scripts: 'Run' } });
    expect(npmArguments({ packages: ['a@1'], folder: '/plugins', scripts: 'Run' })).not.toContain('--ignore-scripts');
    expect(npmArguments({ packages: ['a@1'], folder: '/plugins', scripts: 'Ignored' }).slice(-3)).toEqual([
      '--ignore-scripts',
      '--',
      'a@1',
    ]);
  });

  test.each([
    ['nothing', undefined],
    ['no JSON', '['],
    ['no list', '"a"'],
    ['an empty name', '[""]'],
    ['a flag', '["--registry=https://elsewhere.example"]'],
    ['numbers', '[1]'],
  ])('refuses %s', (_, value) => {
    expect(pluginPlan({ PLUGIN_PACKAGES: value })).toMatchObject({
      ok: false,
      message: expect.stringContaining('reading PLUGIN_PACKAGES: expected a JSON list'),
    });
  });
});
