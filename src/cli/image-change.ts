import { imageParts } from "./image-spelling.ts";

/** The repository once and what is new of it, where only that is new; without the registry, which is seldom the news. */
export function imageChange(from: string, to: string): string {
  const [a, b] = [imageParts(from), imageParts(to)];
  if (a.name !== b.name) return arrow(from, to);
  return `${a.name.slice(a.name.lastIndexOf("/") + 1)} ${arrow(version(a), version(b))}`;
}

/** "a -> b" with digests as short as docker shows them; whole where both sides would then look the same. */
export function arrow(from: string, to: string): string {
  const [a, b] = [withShortDigest(from), withShortDigest(to)];
  return a === b ? `${from} -> ${to}` : `${a} -> ${b}`;
}

function version({ tag, digest }: { tag: string | undefined; digest: string | undefined }): string {
  return [tag, digest].filter((part) => part !== undefined).join("@") || "latest";
}

function withShortDigest(text: string): string {
  return text.replace(/(@|^)(sha\d+:[0-9a-f]{12})[0-9a-f]+$/, "$1$2…");
}
