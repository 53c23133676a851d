/**
 * What is in a container image, and how is one made without a container engine?
 *
 * An image is a few tar archives and two JSON documents that name each other by digest (the OCI image layout). The test
 * images are made here from busybox, byte for byte the same each time, so that their ids are the same too.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** One entry of a layer; directories need no entry of their own unless their mode matters. */
export type Entry =
  | { kind: "file"; path: string; mode: number; content: Uint8Array | string }
  | { kind: "directory"; path: string; mode: number }
  | { kind: "link"; path: string; target: string };

export interface Image {
  /** Every name of this one image: `docker.io/local/app:v1`. */
  names: string[];
  layers: Uint8Array[];
  entrypoint: string[];
  env: Record<string, string>;
  /** "uid:gid"; default: root. */
  user?: string;
  workingDir?: string;
  labels?: Record<string, string>;
}

const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;
const PREFIX_BYTES_MAX = 155;
const REGISTRY = "docker.io";
/** Where pulls of images that were not made here end: nobody listens, so that they fail at once. */
export const NO_REGISTRY = "http://127.0.0.1:1";
export const PAUSE_IMAGE = `${REGISTRY}/local/pause:1`;

const APP_SCRIPT = `#!/bin/sh
# Says its version on its standard output and on http://…:PORT/version, and leaves at once when told to.
trap 'exit 0' TERM INT
echo "version $(cat /version)"
if [ -n "$EXIT_CODE" ]; then exit "$EXIT_CODE"; fi
sleep "\${START_DELAY_SECONDS:-0}" & wait $!
httpd -f -p "\${PORT:-8080}" -h /srv &
wait $!
`;

/** The images each real node knows: local/app v1 to v3 (v1 has a second tag, v1-retag), local/sidecar v1 and v2, pause. */
export async function testImages(pauseBinary: string): Promise<Uint8Array> {
  const base = await busyboxLayer();
  const app = (name: string, tags: string[], port: string): Image => ({
    names: tags.map((tag) => `${REGISTRY}/local/${name}:${tag}`),
    layers: [base, versionLayer(tags[0] ?? "")],
    entrypoint: ["/entrypoint.sh"],
    env: { PATH: "/bin", PORT: port },
  });
  return imageArchive([
    app("app", ["v1", "v1-retag"], "8080"),
    app("app", ["v2"], "8080"),
    app("app", ["v3"], "8080"),
    app("sidecar", ["v1"], "8081"),
    app("sidecar", ["v2"], "8081"),
    { names: [PAUSE_IMAGE], layers: [await pauseLayer(pauseBinary)], entrypoint: ["/pause"], env: {} },
  ]);
}

/** A tar archive in the OCI image layout, as `ctr images import` takes it. */
export function imageArchive(images: Image[]): Uint8Array {
  const blobs = new Map<string, Uint8Array>();
  const addBlob = (content: Uint8Array, mediaType: string) => {
    const hex = sha256(content);
    blobs.set(hex, content);
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  };
  const addJson = (value: unknown, mediaType: string) => addBlob(Buffer.from(JSON.stringify(value)), mediaType);
  const manifests = images.flatMap((image) => {
    const layers = image.layers.map((layer) => addBlob(layer, "application/vnd.oci.image.layer.v1.tar"));
    const configuration = {
      created: "2024-01-01T00:00:00Z",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: {
        Entrypoint: image.entrypoint,
        Env: Object.entries(image.env).map(([key, value]) => `${key}=${value}`),
        ...(image.user === undefined ? {} : { User: image.user }),
        ...(image.workingDir === undefined ? {} : { WorkingDir: image.workingDir }),
        ...(image.labels === undefined ? {} : { Labels: image.labels }),
      },
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    };
    const config = addJson(configuration, "application/vnd.oci.image.config.v1+json");
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = addJson({ schemaVersion: 2, mediaType, config, layers }, mediaType);
    return image.names.map((name) => ({
      ...manifest,
      annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.split(":").at(-1) },
    }));
  });
  return tar([
    { kind: "file", path: "oci-layout", mode: 0o644, content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
    { kind: "file", path: "index.json", mode: 0o644, content: JSON.stringify({ schemaVersion: 2, manifests }) },
    ...[...blobs].map(([hex, content]): Entry => ({ kind: "file", path: `blobs/sha256/${hex}`, mode: 0o644, content })),
  ]);
}

/** A tar archive (POSIX ustar) with fixed owners and times. */
export function tar(entries: Entry[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.kind === "file" ? Buffer.from(entry.content) : Buffer.alloc(0);
    blocks.push(tarHeader(entry, content.length), content, Buffer.alloc(-content.length & (BLOCK_BYTES - 1)));
  }
  blocks.push(Buffer.alloc(2 * BLOCK_BYTES));
  return Buffer.concat(blocks);
}

function tarHeader(entry: Entry, size: number): Uint8Array {
  const { prefix, name } = splitPath(entry.path);
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, offset: number, length: number) => {
    header.write(value.toString(8).padStart(length - 1, "0"), offset, "latin1");
  };
  header.write(name, 0);
  octal(entry.kind === "link" ? 0o777 : entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  header.write({ file: "0", link: "2", directory: "5" }[entry.kind], 156);
  if (entry.kind === "link") header.write(entry.target, 157);
  header.write("ustar\u000000", 257);
  header.write(prefix, 345);
  // The checksum counts its own field as blanks.
  header.fill(" ", 148, 156);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return header;
}

/** A name of more than 100 bytes is split at a slash; the first part has a field of its own. */
function splitPath(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= NAME_BYTES_MAX) return { prefix: "", name: path };
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (Buffer.byteLength(name) > NAME_BYTES_MAX) continue;
    if (name !== "" && Buffer.byteLength(prefix) <= PREFIX_BYTES_MAX) return { prefix, name };
    break;
  }
  throw new Error(`Cannot put ${path} into a tar archive: want at most ${NAME_BYTES_MAX} bytes after some slash`);
}

async function busyboxLayer(): Promise<Uint8Array> {
  const { stdout: path } = await promisify(execFile)("sh", ["-c", "command -v busybox"]);
  const { stdout: applets } = await promisify(execFile)("busybox", ["--list"]);
  const links = applets
    .trim()
    .split("\n")
    .filter((name) => name !== "busybox" && !name.includes("/"))
    .map((name): Entry => ({ kind: "link", path: `bin/${name}`, target: "/bin/busybox" }));
  return tar([
    { kind: "directory", path: "bin/", mode: 0o755 },
    { kind: "file", path: "bin/busybox", mode: 0o755, content: await readFile(path.trim()) },
    ...links,
    { kind: "directory", path: "etc/", mode: 0o755 },
    {
      kind: "file",
      path: "etc/passwd",
      mode: 0o644,
      content: "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
    },
    { kind: "file", path: "etc/group", mode: 0o644, content: "root:x:0:\nnogroup:x:65534:\n" },
    { kind: "directory", path: "tmp/", mode: 0o1777 },
    { kind: "file", path: "entrypoint.sh", mode: 0o755, content: APP_SCRIPT },
  ]);
}

function versionLayer(version: string): Uint8Array {
  return tar([
    { kind: "file", path: "version", mode: 0o644, content: `${version}\n` },
    { kind: "directory", path: "srv/", mode: 0o755 },
    { kind: "link", path: "srv/version", target: "/version" },
  ]);
}

async function pauseLayer(pauseBinary: string): Promise<Uint8Array> {
  return tar([{ kind: "file", path: "pause", mode: 0o755, content: await readFile(pauseBinary) }]);
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
