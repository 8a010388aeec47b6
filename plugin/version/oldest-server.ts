/** The oldest minor version of Kubernetes 1 that our CRDs and our Pods are made for. */
const OLDEST_MINOR = 33;

/** What is to be said of a server that is older than we support; null: nothing. A version of an unknown form is taken for a new one. */
export function tooOld(gitVersion: string): string | null {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  if (major === undefined || Number(major) > 1 || Number(minor) >= OLDEST_MINOR) return null;
  return `the API server is ${gitVersion}; KubeOpenCode needs Kubernetes 1.${OLDEST_MINOR} or later`;
}
