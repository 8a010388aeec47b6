import { goQuote } from '../units/quote.ts';
import type { FileMount } from './files.ts';
import { OPENCODE_CONFIG_FILE, TUI_CONFIG_FILE } from './layout.ts';
import type { PluginEntry, Plugins } from './plugins.ts';
import { agentError, isRefusal, type Refusal } from './refusal.ts';
import { isObject, kindOf } from './shape.ts';

export interface OpenCodeConfig {
  /** opencode.json; null when there is nothing to configure. */
  readonly config: FileMount | null;
  /** tui.json; null without TUI plugins. */
  readonly tui: FileMount | null;
  /** Whether people say themselves what the agent may do. */
  readonly hasPermission: boolean;
}

/** OpenCode's configuration files: what people wrote, with the folders of the skills and the plugins added. */
export function openCodeConfig(written: unknown, skillPaths: readonly string[], plugins: Plugins): OpenCodeConfig | Refusal {
  const config = written === undefined ? {} : asObject(written);
  if (isRefusal(config)) return config;
  const withSkills = skillPaths.length === 0 ? config : addSkills(config, skillPaths);
  if (isRefusal(withSkills)) return withSkills;
  const whole = plugins.server.length === 0 ? withSkills : addPlugins(withSkills, plugins.server);
  if (isRefusal(whole)) return whole;
  const needed = written !== undefined || skillPaths.length > 0 || plugins.server.length > 0;
  return {
    config: needed ? { path: OPENCODE_CONFIG_FILE, content: canonicalJson(whole), origin: 'the OpenCode configuration' } : null,
    tui:
      plugins.tui.length === 0
        ? null
        : { path: TUI_CONFIG_FILE, content: canonicalJson({ plugin: plugins.tui }), origin: 'the OpenCode TUI configuration' },
    hasPermission: Object.hasOwn(config, 'permission'),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Older objects carry the configuration as text. */
function asObject(written: unknown): JsonObject | Refusal {
  const value = typeof written === 'string' ? parsed(written) : { value: written };
  if (value === null)
    return agentError('invalid JSON in Agent config: the text in spec.config is not JSON; write the configuration as an object');
  if (!isObject(value.value))
    return agentError(`invalid JSON in Agent config: spec.config must be an object, but is ${kindOf(value.value)}`);
  return value.value;
}

function parsed(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The engine's own words differ from engine to engine.
    return null;
  }
}

function addSkills(config: JsonObject, paths: readonly string[]): JsonObject | Refusal {
  const skills = Object.hasOwn(config, 'skills') ? config.skills : {};
  if (!isObject(skills)) return wrongType('skills', 'an object', skills);
  const existing = Object.hasOwn(skills, 'paths') ? skills.paths : [];
  if (!Array.isArray(existing)) return wrongType('skills.paths', 'a list', existing);
  return { ...config, skills: { ...skills, paths: [...new Set<unknown>([...existing, ...paths])] } };
}

function addPlugins(config: JsonObject, entries: readonly PluginEntry[]): JsonObject | Refusal {
  const existing: unknown = Object.hasOwn(config, 'plugin') ? config.plugin : [];
  if (!Array.isArray(existing)) return wrongType('plugin', 'a list', existing);
  const known = new Set(existing.map(pluginName));
  return { ...config, plugin: [...existing, ...entries.filter((entry) => !known.has(pluginName(entry)))] };
}

function pluginName(entry: unknown): unknown {
  return Array.isArray(entry) ? entry[0] : entry;
}

function wrongType(field: string, expected: string, value: unknown): Refusal {
  return agentError(
    `invalid JSON in Agent config: ${goQuote(field)} must be ${expected} to add the agent's skills and plugins to it, but is ${kindOf(value)}`,
  );
}

/** JSON with sorted keys: the same configuration is the same text, whoever wrote it in which order. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${fields.join(',')}}`;
}
