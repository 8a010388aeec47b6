/** Who to be at a registry. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

/** Names under which Docker's own registry is kept. */
const DOCKER_HUB = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/**
 * The login for a repository from a Docker configuration: `config.json`, or the `.dockerconfigjson` of an image pull secret. The entry whose path is the
 * longest beginning of the repository's wins, as the kubelet has it. undefined: none fits. Throws when the text is no such configuration, or names a helper program.
 */
export function loginFor(text: string, registry: string, repository: string): RegistryLogin | undefined {
  const config = parsed(text);
  const wanted = `${canonical(registry)}/${repository}`;
  const fitting = Object.entries(config.auths ?? {})
    .map(([key, entry]) => ({ key: canonical(key.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '')), entry }))
    .filter(({ key }) => wanted === key || wanted.startsWith(`${key}/`))
    .sort((a, b) => b.key.length - a.key.length)[0];
  const login = fitting === undefined ? undefined : loginOf(fitting.entry);
  if (login === undefined && (config.credsStore !== undefined || config.credHelpers?.[registry] !== undefined))
    throw new Error(
      `log in at ${registry}: expected a login in the file, it names a helper program, which is not run; use an image pull secret`,
    );
  return login;
}

interface Entry {
  readonly auth?: unknown;
  readonly username?: unknown;
  readonly password?: unknown;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, Entry>>;
  readonly credsStore?: unknown;
  readonly credHelpers?: Readonly<Record<string, unknown>>;
}

function parsed(text: string): DockerConfig {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Below: its text may hold passwords, and is not shown.
  }
  throw new Error('read the logins for registries: expected a Docker configuration (JSON with "auths"), came something else');
}

function loginOf({ auth, username, password }: Entry): RegistryLogin | undefined {
  if (typeof username === 'string' && typeof password === 'string' && username !== '') return { username, password };
  if (typeof auth !== 'string') return undefined;
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 1 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function canonical(key: string): string {
  const [host = '', ...path] = key.split('/');
  return [DOCKER_HUB.includes(host) ? 'docker.io' : host, ...path].join('/');
}
