import { describe, expect, it } from 'vitest';
import { RESOURCES } from '#core/contract/kinds.ts';
import type { Manifest } from '#test/manifests/build.ts';
import { crdCases, updateCases } from '#test/manifests/cases.ts';
import { openKube } from './support/kube.ts';

const kube = await openKube();
const namespace = await kube.namespace();

/** What people's manifests meet: `fieldValidation=Strict`, as kubectl asks for. */
function collectionOf(manifest: Manifest): string {
  const { group, version, plural, namespaced } = RESOURCES[manifest.kind];
  return `/apis/${group}/${version}/${namespaced ? `namespaces/${namespace}/` : ''}${plural}`;
}

describe('the API server judges a new object', () => {
  it.each(crdCases)('$name', async ({ manifest, refusedWith }) => {
    const { code, text } = await kube.api.call('POST', `${collectionOf(manifest)}?fieldValidation=Strict&dryRun=All`, manifest);
    if (refusedWith === undefined) expect(`${code} ${text}`).toMatch(/^201 /);
    else {
      expect([400, 422]).toContain(code);
      expect(JSON.parse(text).message).toMatch(refusedWith);
    }
  });
});

describe('the API server judges a change', () => {
  it.each(updateCases)('$name', async ({ before, after, refusedWith }) => {
    const path = collectionOf(before);
    const object = `${path}/${before.metadata.name}`;
    const created = (await kube.api.expect('POST', path, before)) as { metadata: { resourceVersion: string } };
    try {
      const changed = { ...after, metadata: { ...after.metadata, resourceVersion: created.metadata.resourceVersion } };
      const { code, text } = await kube.api.call('PUT', `${object}?fieldValidation=Strict&dryRun=All`, changed);
      if (refusedWith === undefined) expect(`${code} ${text}`).toMatch(/^200 /);
      else {
        expect(code).toBe(422);
        expect(JSON.parse(text).message).toMatch(refusedWith);
      }
    } finally {
      await kube.api.expect('DELETE', object);
    }
  });
});

describe('kubectl finds the kinds as people know them', () => {
  it('has selectable fields for the references and the phase of a Task', async () => {
    const manifest = {
      apiVersion: 'kubeopencode.io/v1alpha1',
      kind: 'Task',
      metadata: { name: 'selected' },
      spec: { templateRef: { name: 'coder' } },
    };
    await kube.kubectl(['-n', namespace, 'create', '-f', '-'], JSON.stringify(manifest));
    const select = (selector: string): Promise<string> =>
      kube.kubectl(['-n', namespace, 'get', 'tasks', '-o', 'name', '--field-selector', selector]);
    expect(await select('spec.templateRef.name=coder')).toBe('task.kubeopencode.io/selected\n');
    expect(await select('spec.templateRef.name=other')).toBe('');
    expect(await select('spec.agentRef.name=coder')).toBe('');
    expect(await select('status.phase=Running')).toBe('');
    await kube.kubectl([
      '-n',
      namespace,
      'patch',
      'task',
      'selected',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"phase":"Running"}}',
    ]);
    expect(await select('status.phase=Running')).toBe('task.kubeopencode.io/selected\n');
  });

  it('applies everything of host/manifests in one command', async () => {
    const output = await kube.kubectl(['apply', '--server-side', '--dry-run=server', '-k', 'host/manifests']);
    expect(output).toContain('deployment.apps/kubeopencode-controller serverside-applied (server dry run)');
  });

  it('accepts every example', async () => {
    const output = await kube.kubectl(['-n', namespace, 'apply', '--server-side', '--dry-run=server', '-f', 'host/manifests/examples']);
    expect(output).toContain('task.kubeopencode.io/');
  });
});
