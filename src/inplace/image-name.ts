/** When do two image names mean the same image? */

/**
 * An image name in full: registry, repository, tag or digest. `nginx` is `docker.io/library/nginx:latest`.
 * A digest decides alone, so a tag beside it is dropped. A bare image id (`sha256:…`) stays as it is.
 */
export function fullImageName(image: string): string {
  const name = image.trim().replace(/^docker(-pullable)?:\/\//, "");
  if (name === "" || /^sha256:[0-9a-f]+$/.test(name)) return name;
  const at = name.indexOf("@");
  const tagged = at < 0 ? name : name.slice(0, at);
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  const repository = fullRepository(colon < 0 ? tagged : tagged.slice(0, colon));
  if (at >= 0) return `${repository}${name.slice(at)}`;
  return `${repository}:${colon < 0 ? "latest" : tagged.slice(colon + 1)}`;
}

/** Whether two names mean the same image. */
export function sameImageName(a: string, b: string): boolean {
  return a === b || fullImageName(a) === fullImageName(b);
}

function fullRepository(repository: string): string {
  const slash = repository.indexOf("/");
  const first = slash < 0 ? "" : repository.slice(0, slash);
  const hasRegistry = first === "localhost" || /[.:]/.test(first);
  const registry = !hasRegistry || first === "index.docker.io" ? "docker.io" : first;
  const path = hasRegistry ? repository.slice(slash + 1) : repository;
  return `${registry}/${registry === "docker.io" && !path.includes("/") ? "library/" : ""}${path}`;
}
