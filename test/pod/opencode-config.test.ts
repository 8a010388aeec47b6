import { describe, expect, test } from 'vitest';
import type { AgentTemplateSpec } from '#core/api/agent-template.ts';
import { built, envOf, refusal } from './support.ts';

function opencodeJson(spec: Partial<AgentTemplateSpec>): unknown {
  const text = built({ template: spec }).configMap?.data?.['tools-opencode.json'];
  return text === undefined ? undefined : JSON.parse(text);
}

const skill = { name: 'house', git: { repository: 'https://git.example/skills' } };

describe('opencode.json', () => {
  test('is not there when nothing is configured', () => {
    expect(opencodeJson({})).toBeUndefined();
    expect(envOf(built({}).main)).not.toHaveProperty('OPENCODE_CONFIG');
  });

  test('is what people wrote, with sorted keys', () => {
    const config = { theme: 'dark', model: 'x', nested: { b: [1, 2.5, null, true], a: '€' } };
    const { configMap, main } = built({ template: { config } });
    expect(configMap?.data?.['tools-opencode.json']).toBe('{"model":"x","nested":{"a":"€","b":[1,2.5,null,true]},"theme":"dark"}');
    expect(envOf(main).OPENCODE_CONFIG).toBe('/tools/opencode.json');
  });

  test('an empty object is a configuration', () => {
    expect(opencodeJson({ config: {} })).toEqual({});
  });

  test('text of older objects is read as JSON', () => {
    expect(opencodeJson({ config: '{"model":"x"}' })).toEqual({ model: 'x' });
  });

  test.each<[string, Partial<AgentTemplateSpec>, unknown]>([
    ['a skill source without names: its folder', { skills: [skill] }, { skills: { paths: ['/skills/house'] } }],
    [
      'a skill source with names: a folder a name',
      { skills: [{ ...skill, git: { ...skill.git, names: ['review', 'test'] } }] },
      { skills: { paths: ['/skills/house/review', '/skills/house/test'] } },
    ],
    [
      'existing paths and other fields stay, nothing twice',
      { config: { model: 'x', skills: { urls: ['u'], paths: ['/own', '/skills/house'] } }, skills: [skill, { ...skill, name: 'more' }] },
      { model: 'x', skills: { urls: ['u'], paths: ['/own', '/skills/house', '/skills/more'] } },
    ],
    ['a server plugin', { plugins: [{ name: 'safety-net@0.8.2' }] }, { plugin: ['file:///plugins/node_modules/safety-net'] }],
    [
      'a plugin with options and a scope',
      { plugins: [{ name: '@org/plugin@^1.0.0', target: 'server', options: { level: 2 } }] },
      { plugin: [['file:///plugins/node_modules/@org/plugin', { level: 2 }]] },
    ],
    ['a scoped plugin without a version', { plugins: [{ name: '@org/plugin' }] }, { plugin: ['file:///plugins/node_modules/@org/plugin'] }],
    [
      'existing plugins stay, those already there are not added',
      { config: { plugin: ['own', ['file:///plugins/node_modules/a', { x: 1 }]] }, plugins: [{ name: 'a' }, { name: 'b' }] },
      { plugin: ['own', ['file:///plugins/node_modules/a', { x: 1 }], 'file:///plugins/node_modules/b'] },
    ],
    [
      'of several versions of one package the first counts',
      { plugins: [{ name: 'a@1', options: { first: true } }, { name: 'a@2' }] },
      { plugin: [['file:///plugins/node_modules/a', { first: true }]] },
    ],
    ['TUI plugins do not belong here', { plugins: [{ name: 'look', target: 'tui' }] }, undefined],
  ])('%s', (_, spec, expected) => {
    expect(opencodeJson(spec)).toEqual(expected);
  });
});

describe('tui.json', () => {
  test('has the TUI plugins alone', () => {
    const { configMap, main } = built({
      template: { config: { model: 'x' }, plugins: [{ name: 'look@1', target: 'tui' }, { name: 'work' }] },
    });
    expect(configMap?.data?.['tools-tui.json']).toBe('{"plugin":["file:///plugins/node_modules/look"]}');
    expect(configMap?.data?.['tools-opencode.json']).toBe('{"model":"x","plugin":["file:///plugins/node_modules/work"]}');
    expect(envOf(main).OPENCODE_TUI_CONFIG).toBe('/tools/tui.json');
  });
});

describe('what the agent may do', () => {
  test.each([
    ['everything, when nothing is said', {}, '{"*":"allow"}'],
    ['everything, when the configuration says nothing of it', { config: { model: 'x' } }, '{"*":"allow"}'],
    ['what the configuration says', { config: { permission: { bash: 'deny' } } }, undefined],
  ])('%s', (_, spec, value) => {
    expect(envOf(built({ template: spec }).main).OPENCODE_PERMISSION).toBe(value);
  });
});

describe('a configuration that can’t be used is refused', () => {
  test.each<[string, Partial<AgentTemplateSpec>, string]>([
    ['text that is not JSON', { config: '{model: x}' }, 'the text in spec.config is not JSON'],
    ['JSON text that is no object', { config: '[1]' }, 'spec.config must be an object, but is a list'],
    ['a list', { config: [1] }, 'spec.config must be an object, but is a list'],
    ['a number', { config: 3 }, 'spec.config must be an object, but is the number 3'],
    [
      'skills that take no paths',
      { config: { skills: ['x'] }, skills: [skill] },
      '"skills" must be an object to add the agent\'s skills and plugins to it, but is a list',
    ],
    ['paths that are no list', { config: { skills: { paths: 'x' } }, skills: [skill] }, '"skills.paths" must be a list'],
    ['plugins that are no list', { config: { plugin: {} }, plugins: [{ name: 'a' }] }, '"plugin" must be a list'],
  ])('%s', (_, spec, message) => {
    const refused = refusal({ template: spec });
    expect(refused.reason).toBe('AgentError');
    expect(refused.message).toMatch(/^invalid JSON in Agent config: /);
    expect(refused.message).toContain(message);
  });
});
