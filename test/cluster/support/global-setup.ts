import type { TestProject } from 'vitest/node';
import { buildIfStale } from '#scripts/build.ts';
import { startInstalled } from './installed.ts';

/** One control plane for the whole suite, with the CRDs and the host's RBAC as they are deployed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildIfStale();
  const { info, controlPlane } = await startInstalled();
  project.provide('cluster', info);
  return () => controlPlane.stop();
}
