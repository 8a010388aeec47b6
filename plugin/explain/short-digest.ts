/** `sha256:` and twelve digits: enough for people to tell two cores apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 19);
}
