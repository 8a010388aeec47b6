/** Images when nothing is said. Source: upstream's defaults. */
export const DEFAULT_IMAGES = {
  agent: 'ghcr.io/kubeopencode/kubeopencode-agent-opencode:latest',
  executor: 'ghcr.io/kubeopencode/kubeopencode-agent-devbox:latest',
  attach: 'ghcr.io/kubeopencode/kubeopencode-agent-attach:latest',
  system: 'ghcr.io/kubeopencode/kubeopencode:latest',
} as const;

/** What is pulled when: a digest or a fixed tag once, `latest` and no tag always. A colon before a slash is a registry's port, not a tag. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1] ?? '';
  return tag === '' || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** Image and pull policy of the init containers that prepare the workspace. */
export interface SystemImage {
  readonly image: string;
  readonly imagePullPolicy: string;
}

export function systemImageOf(configured: { readonly image?: string; readonly imagePullPolicy?: string } | undefined): SystemImage {
  return { image: configured?.image || DEFAULT_IMAGES.system, imagePullPolicy: configured?.imagePullPolicy || 'IfNotPresent' };
}
