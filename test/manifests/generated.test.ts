import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { CRD_FOLDER, generatedManifests } from '#scripts/crds/manifests.ts';
import type { Schema } from '#scripts/crds/structural.ts';
import { CHART_FOLDER } from '#scripts/helm/chart.ts';
import { facts } from './upstream-facts.ts';

test.each([...generatedManifests()])('%s is what its source generates', (path, text) => {
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test.each([CRD_FOLDER, CHART_FOLDER])('%s holds nothing else', (folder) => {
  const generated = [...generatedManifests().keys()].filter((path) => path.startsWith(`${folder}/`));
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(entries.map(({ parentPath, name }) => `${parentPath}/${name}`).sort()).toEqual([...generated].sort());
});

/** Every node of a schema with its path, such as `.spec.contexts[].git`. */
function nodes(schema: Schema, path = ''): readonly (readonly [string, Schema])[] {
  const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Schema>>);
  return [
    [path, schema],
    ...properties.flatMap(([name, property]) => nodes(property, `${path}.${name}`)),
    ...(schema.items === undefined ? [] : nodes(schema.items as Schema, `${path}[]`)),
    ...(schema.additionalProperties === undefined ? [] : nodes(schema.additionalProperties as Schema, `${path}{}`)),
  ];
}

const crds = readdirSync(CRD_FOLDER).map((file) => ({ file, crd: parse(readFileSync(`${CRD_FOLDER}/${file}`, 'utf8')) }));
const schemas = new Map(
  crds.map(({ crd }) => [crd.spec.names.kind as string, new Map(nodes(crd.spec.versions[0].schema.openAPIV3Schema))]),
);

test.each(crds)('$file has the names, columns and scope that people know', ({ crd }) => {
  const { names, scope, group, versions } = crd.spec;
  const [version] = versions;
  const columns = version.additionalPrinterColumns.map(
    (column: { name: string; priority?: number }) => `${column.name}${column.priority === 1 ? '*' : ''}`,
  );
  expect({
    group,
    plural: names.plural,
    short: names.shortNames,
    scope,
    version: version.name,
    columns,
    status: version.subresources !== undefined,
  }).toEqual(facts.find((fact) => fact.kind === names.kind)?.definition);
});

test('a Task can be selected by agent, template and phase', () => {
  const task = crds.find(({ crd }) => crd.spec.names.kind === 'Task')?.crd;
  expect(task.spec.versions[0].selectableFields).toEqual(
    ['.spec.agentRef.name', '.spec.templateRef.name', '.status.phase'].map((jsonPath) => ({ jsonPath })),
  );
});

test.each(facts.flatMap(({ kind, fields }) => Object.entries(fields).map(([path, keywords]) => ({ kind, path, keywords }))))(
  '$kind$path is as upstream has it',
  ({ kind, path, keywords }) => {
    expect(schemas.get(kind)?.get(path)).toMatchObject(keywords);
  },
);

test.each([...schemas])(
  'every field of %s below spec and status that is an integer has a format, and every object says what it holds',
  (_kind, schema) => {
    const inside = [...schema].filter(([path]) => path.startsWith('.spec') || path.startsWith('.status'));
    expect(inside.length).toBeGreaterThan(15);
    for (const [path, node] of inside) {
      if (node.type === 'integer') expect([path, node.format]).toEqual([path, expect.stringMatching(/^int(32|64)$/)]);
      if (node.type === undefined) {
        expect([path, node['x-kubernetes-int-or-string'] ?? node['x-kubernetes-preserve-unknown-fields']]).toEqual([path, true]);
      }
      expect([path, node.$ref, node.additionalProperties === false]).toEqual([path, undefined, false]);
    }
  },
);
