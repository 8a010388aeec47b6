/** An artifact in a registry: `oci://registry/repository`, with a tag, a digest of its manifest, or both. */
export interface Reference {
  /** Host, and port where it has one. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…` of the manifest. */
  readonly digest?: string;
}

export const OCI_SCHEME = 'oci://';
export const DIGEST = /^sha256:[0-9a-f]{64}$/;
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/;
/** distribution-spec, "Pulling manifests". */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** The reference that a text is; undefined when it is none. */
export function parseReference(text: string): Reference | undefined {
  if (!text.startsWith(OCI_SCHEME)) return undefined;
  const [named = '', digest, ...more] = text.slice(OCI_SCHEME.length).split('@');
  const slash = named.indexOf('/');
  const registry = named.slice(0, Math.max(0, slash));
  const [repository = '', tag, ...tags] = named.slice(slash + 1).split(':');
  const isRight =
    more.length + tags.length === 0 &&
    REGISTRY.test(registry) &&
    REPOSITORY.test(repository) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest));
  if (!isRight) return undefined;
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** As people write it. */
export function referenceText({ registry, repository, tag, digest }: Reference): string {
  return `${OCI_SCHEME}${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
