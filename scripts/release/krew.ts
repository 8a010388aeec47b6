import { stringify } from 'yaml';

/** One platform of the manifest: its archive, and what in it is the program. */
export interface KrewPlatform {
  readonly os: 'linux' | 'windows' | 'darwin';
  /** Absent: all. */
  readonly arch?: 'amd64' | 'arm64';
  /** File name of the archive, beside those of the other platforms. */
  readonly archive: string;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Path of the program in the archive. */
  readonly bin: string;
}

export interface KrewInput {
  readonly version: string;
  /** Where the archives are. */
  readonly baseUrl: string;
  readonly platforms: readonly KrewPlatform[];
}

/** Name of the plugin: kubectl's, and that of the manifest's file. */
export const KREW_NAME = 'opencode';

const DESCRIPTION = `Shows what the KubeOpenCode controller will do with Tasks before it does it, by running the very core that the controller runs:

  kubectl opencode plan -f task.yaml   what will become of it, step by step
  kubectl opencode why TASK            why it is where it is, and what would let it go on
  kubectl opencode status, logs        where it stands, and what the agent says
  kubectl opencode run, stop, retry    does what they say
`;

const CAVEATS = `On macOS it needs Node.js 22.19 or newer on the PATH; elsewhere it needs nothing.

Krew links one program a plugin, so the completion in the shell needs a link of its own:

  ln -s "$(command -v kubectl-opencode)" "\${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-opencode"     # Linux
  ln -s "$(dirname "$(realpath "$(command -v kubectl-opencode)")")/kubectl_complete-opencode" "\${KREW_ROOT:-$HOME/.krew}/bin/"     # macOS
`;

/** The manifest of the plugin for Krew (`plugins/opencode.yaml` of an index). */
export function krewManifest({ version, baseUrl, platforms }: KrewInput): string {
  const manifest = {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: KREW_NAME },
    spec: {
      version: `v${version}`,
      homepage: 'https://github.com/kubeopencode/kubeopencode',
      shortDescription: 'Plan, explain and run KubeOpenCode Tasks',
      description: DESCRIPTION,
      caveats: CAVEATS,
      platforms: platforms.map(({ os, arch, archive, sha256, bin }) => ({
        selector: { matchLabels: { os, ...(arch === undefined ? {} : { arch }) } },
        uri: `${baseUrl}/${archive}`,
        sha256,
        files: [{ from: '*', to: '.' }],
        bin,
      })),
    },
  };
  return stringify(manifest, { lineWidth: 0 });
}
