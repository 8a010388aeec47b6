import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DIST, ROOT } from '#scripts/build/paths.ts';

/** The tests of commands run the sources. What only the bundle can get wrong, such as a package that is loaded when it is needed, shows here. */
describe('the bundle', () => {
  const run = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`${DIST}kubectl-opencode.mjs`, ...args], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };
  const task = `${ROOT}host/manifests/examples/task.yaml`;

  test('prints for people, and the same as JSON and YAML', () => {
    expect(run('plan', '-f', task)).toContain('Ends +');
    const json: unknown = JSON.parse(run('plan', '-f', task, '-o', 'json'));
    expect(parse(run('plan', '-f', task, '-o', 'yaml'))).toEqual(json);
  });
  test('checks manifests, and prints schemas', () => {
    expect(run('lint', '-f', task)).toContain('no faults');
    expect(JSON.parse(run('schema', 'plan'))).toMatchObject({ $id: 'urn:kubeopencode:schema:plan:v1' });
  });
});
