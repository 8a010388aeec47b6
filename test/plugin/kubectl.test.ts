import { describe, expect, test } from 'vitest';
import { createKubectl, stdinAgain } from '#plugin/kubectl.ts';

describe('commands', () => {
  const access = "--context 'prod eu' --kubeconfig /tmp/k";
  const kubectl = createKubectl({ namespace: 'team-a', access: ['--context', 'prod eu', '--kubeconfig', '/tmp/k'] });

  test('go where this one was told to go, and quote what a shell would take apart', () => {
    expect(kubectl.run('delete', 'pod', 'x')).toBe(`kubectl ${access} -n team-a delete pod x`);
    expect(kubectl.opencode('stop', 'x')).toBe(`kubectl opencode stop x -n team-a ${access}`);
    expect(kubectl.patch('Agent', 'x', { spec: { profile: "it's" } })).toBe(
      String.raw`kubectl ${access} -n team-a patch agent.kubeopencode.io/x --type merge -p '{"spec":{"profile":"it'\''s"}}'`,
    );
  });

  test('of a kind without namespaces name none', () => {
    expect(kubectl.patch('KubeOpenCodeConfig', 'cluster', {})).not.toContain('-n team-a');
    expect(kubectl.runWithoutNamespace('describe', 'node', 'a')).toBe(`kubectl ${access} describe node a`);
  });

  test('ask for a file again where something was piped in', () =>
    expect([stdinAgain(['a.yaml', '-']), stdinAgain(['a.yaml'])]).toEqual([' < FILE', '']));
});
