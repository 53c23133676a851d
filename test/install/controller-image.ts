/**
 * The controller's image without a container engine: the file system of deploy/image/Dockerfile as an OCI image.
 *
 *   npm run image -- --out controller.tar [--name docker.io/local/cloneset-controller:0.1.0]
 *
 * The archive is one that `ctr images import`, `skopeo copy oci-archive:` and `podman load` take. Node is the binary that
 * the project pins, with the shared libraries of this machine in place of the base image's.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { Command } from "@commander-js/extra-typings";
import { stage } from "../../deploy/image/stage.ts";
import packageJson from "../../package.json" with { type: "json" };
import { type Entry, imageArchive, tar } from "../cluster/image.ts";

const run = promisify(execFile);
export const CONTROLLER_IMAGE = `docker.io/local/cloneset-controller:${packageJson.version}`;
/** As in distroless images: a user that owns nothing. */
const NONROOT = 65_532;

export interface ControllerImage {
  archive: Uint8Array;
  /** Each layer's size as it is, and as a registry would keep it. */
  layers: { what: string; bytes: number; gzipBytes: number }[];
}

export async function controllerImage(
  names: string[],
  { version = packageJson.version, measure = false } = {},
): Promise<ControllerImage> {
  const dir = await mkdtemp(join(tmpdir(), "cloneset-image-"));
  try {
    await stage(join(dir, "app"));
    const layers = [
      { what: "users and shared libraries", content: tar([...users(), ...(await sharedLibraries())]) },
      { what: "node", content: tar([await file(process.execPath, "usr/local/bin/node", 0o755)]) },
      { what: "controller", content: tar(await files(join(dir, "app"), "app")) },
    ];
    const archive = imageArchive([
      {
        names,
        layers: layers.map(({ content }) => content),
        entrypoint: await entrypoint(),
        env: { PATH: "/usr/local/bin:/usr/bin:/bin", NODE_ENV: "production" },
        user: `${NONROOT}:${NONROOT}`,
        workingDir: "/app",
        labels: {
          "org.opencontainers.image.title": packageJson.name,
          "org.opencontainers.image.description": packageJson.description,
          "org.opencontainers.image.version": version,
          "org.opencontainers.image.licenses": packageJson.license,
        },
      },
    ]);
    return {
      archive,
      layers: layers.map(({ what, content }) => ({
        what,
        bytes: content.length,
        gzipBytes: measure ? gzipSync(content).length : 0,
      })),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** As the Dockerfile has it. */
async function entrypoint(): Promise<string[]> {
  const dockerfile = await readFile(new URL("../../deploy/image/Dockerfile", import.meta.url), "utf8");
  return JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? "") as string[];
}

function users(): Entry[] {
  return [
    {
      kind: "file",
      path: "etc/passwd",
      mode: 0o644,
      content: `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${NONROOT}:${NONROOT}:nonroot:/app:/sbin/nologin\n`,
    },
    { kind: "file", path: "etc/group", mode: 0o644, content: `root:x:0:\nnonroot:x:${NONROOT}:\n` },
    { kind: "directory", path: "tmp/", mode: 0o1777 },
  ];
}

/** What the dynamic linker finds for Node on this machine, under the same names. */
async function sharedLibraries(): Promise<Entry[]> {
  const { stdout } = await run("ldd", [process.execPath]);
  const paths = [...stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)].flatMap(([, path]) => path ?? []);
  if (!paths.some((path) => path.includes("libc.so"))) {
    throw new Error(`Cannot tell which libraries ${process.execPath} needs; ldd says:\n${stdout}`);
  }
  return Promise.all(paths.map(async (path) => file(await realpath(path), path.slice(1), 0o755)));
}

async function file(from: string, path: string, mode: number): Promise<Entry> {
  return { kind: "file", path, mode, content: await readFile(from) };
}

async function files(dir: string, under: string): Promise<Entry[]> {
  const names = (await readdir(dir)).toSorted();
  return Promise.all(names.map((name) => file(join(dir, name), `${under}/${name}`, 0o644)));
}

if (import.meta.main) {
  const { name, out } = new Command("npm run image --")
    .usage("[flags]")
    .description("Makes the controller's image without a container engine, and says how large it is.")
    .option("--out <file>", "write the OCI archive there")
    .option("--name <name>", "what the image is called", CONTROLLER_IMAGE)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse()
    .opts();
  const { archive, layers } = await controllerImage([name], { measure: true });
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  for (const { what, bytes, gzipBytes } of layers)
    console.error(`${what}: ${mib(bytes)}, ${mib(gzipBytes)} compressed`);
  const sum = (key: "bytes" | "gzipBytes") => layers.reduce((total, layer) => total + layer[key], 0);
  console.error(`${name}: ${mib(sum("bytes"))}, ${mib(sum("gzipBytes"))} compressed`);
  if (out !== undefined) await writeFile(out, archive);
}
