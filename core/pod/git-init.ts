import type { Container, EnvVar } from '../api/kubernetes.ts';
import { type GitMount, gitVolume, isWorkspaceRoot } from './git.ts';
import type { SystemImage } from './images.ts';
import { GIT, HOME_AND_SHELL, WORKSPACE_VOLUME } from './layout.ts';

/** git's own number for "no limit" (`git fetch --unshallow` is this depth): `git clone --depth 0`, which the image's git-init would run, is an error. */
const WHOLE_HISTORY = 2_147_483_647;

/** The container that clones one repository into its volume. */
export function gitInit(mount: GitMount, index: number, workspaceDir: string, system: SystemImage): Container {
  const intoWorkspace = isWorkspaceRoot(mount, workspaceDir);
  return {
    name: `git-init-${index}`,
    ...system,
    command: isCommit(mount.ref) ? ['sh', '-c', CHECK_OUT_COMMIT] : ['/kubeopencode', 'git-init'],
    env: [
      ...HOME_AND_SHELL,
      { name: 'GIT_REPO', value: mount.repository },
      { name: 'GIT_REF', value: mount.ref },
      { name: 'GIT_DEPTH', value: String(mount.depth === 0 ? WHOLE_HISTORY : mount.depth) },
      { name: 'GIT_ROOT', value: GIT.root },
      { name: 'GIT_LINK', value: GIT.link },
      ...(mount.recurseSubmodules ? [{ name: 'GIT_RECURSE_SUBMODULES', value: 'true' }] : []),
      ...(mount.secret === undefined ? [] : credentials(mount.secret)),
      ...(intoWorkspace ? [{ name: 'GIT_WORKSPACE_DIR', value: workspaceDir }] : []),
      ...(intoWorkspace && mount.path !== '' ? [{ name: 'GIT_REPO_SUBPATH', value: mount.path }] : []),
    ],
    volumeMounts: [
      { name: gitVolume(index), mountPath: GIT.root },
      ...(intoWorkspace ? [{ name: WORKSPACE_VOLUME, mountPath: workspaceDir }] : []),
    ],
  };
}

/** Every key is optional: one Secret may serve HTTPS, SSH or both. */
function credentials(secret: string): readonly EnvVar[] {
  return [
    { name: 'GIT_USERNAME', key: 'username' },
    { name: 'GIT_PASSWORD', key: 'password' },
    { name: 'GIT_SSH_KEY', key: 'ssh-privatekey' },
    { name: 'GIT_SSH_KNOWN_HOSTS', key: 'ssh-known-hosts' },
  ].map(({ name, key }) => ({ name, valueFrom: { secretKeyRef: { name: secret, key, optional: true } } }));
}

/** A full SHA-1 or SHA-256; a shorter one can't be told from a branch. */
function isCommit(ref: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
}

/**
 * The image's git-init knows branches and tags only (`git clone --branch`). For a commit it clones the default branch, with all its care for certificates and keys; then
 * the commit is fetched: by itself, as most servers allow, else with the whole history. What git-init sets up for itself alone is set up again, and what it does
 * after its clone (rights, copying into the workspace) is done for the commit.
 */
const CHECK_OUT_COMMIT = `set -e
GIT_REF=HEAD GIT_WORKSPACE_DIR= /kubeopencode git-init
cd "$GIT_ROOT/$GIT_LINK"
if [ -f /tmp/ca-bundle.crt ]; then export GIT_SSL_CAINFO=/tmp/ca-bundle.crt; fi
if [ -n "$GIT_SSH_KEY" ]; then export GIT_SSH_COMMAND="ssh -F $HOME/.ssh/config -i $HOME/.ssh/id_rsa -o IdentitiesOnly=yes"; fi
if [ -n "$GIT_PASSWORD" ]; then git config credential.helper '!f() { echo "username=$GIT_USERNAME"; echo "password=$GIT_PASSWORD"; }; f'; fi
git fetch --depth "$GIT_DEPTH" origin "$GIT_REF" || git fetch --depth ${WHOLE_HISTORY} origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
git checkout --detach "$GIT_REF"
if [ "$GIT_RECURSE_SUBMODULES" = true ]; then git submodule update --init --recursive; fi
git config --unset credential.helper || true
chmod -R a+w .
if [ -n "$GIT_WORKSPACE_DIR" ]; then cp -a "./$GIT_REPO_SUBPATH/." "$GIT_WORKSPACE_DIR/"; fi
`;
