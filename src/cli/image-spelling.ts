/**
 * Another spelling of the same image, which makes the kubelet restart the container in its pod: the digest that runs is
 * written out, or, where it is already, the tag beside it comes or goes. A runtime looks at the digest alone.
 *
 * - `app:v1`             → `app:v1@sha256:…`
 * - `app:v1@sha256:…`    → `app@sha256:…`
 * - `app@sha256:…`       → `app:restarted@sha256:…`
 *
 * `imageIds` are what the running containers report. Undefined where the digest is not known, or they differ: then
 * another spelling could be another image.
 */
export function otherSpelling(image: string, imageIds: readonly string[]): string | undefined {
  const { name, tag, digest } = imageParts(image);
  if (digest !== undefined) return tag === undefined ? `${name}:restarted@${digest}` : `${name}@${digest}`;
  const digests = new Set(imageIds.map((id) => imageParts(id).digest));
  const [running] = digests;
  return digests.size === 1 && running !== undefined ? `${image}@${running}` : undefined;
}

/** A port of the registry is no tag; an id without a repository ("sha256:…") names a configuration and cannot be pulled. */
export function imageParts(image: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const [, name = image, tag, digest] = /^(.+?)(?::([^:/@]+))?(?:@(sha\d+:[0-9a-f]+))?$/.exec(image) ?? [];
  return { name, tag, digest };
}
