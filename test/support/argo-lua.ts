import { readFileSync } from "node:fs";
import type { LuaEngine } from "wasmoon";
import { LuaFactory } from "wasmoon";

const factory = new LuaFactory();

/** Runs a script of deploy/argocd as Argo CD does: `obj` is the object, `actionParams` what the user typed in. */
export async function runLua(file: string, obj: object, actionParams: Record<string, string> = {}): Promise<unknown> {
  const script = readFileSync(new URL(`../../deploy/argocd/${file}`, import.meta.url), "utf8");
  const lua: LuaEngine = await factory.createEngine({ enableProxy: false });
  try {
    // Absent is nil there, so what is null here must be absent.
    lua.global.set("obj", JSON.parse(JSON.stringify(obj, (_, value: unknown) => value ?? undefined)));
    lua.global.set("actionParams", actionParams);
    return (await lua.doString(script)) as unknown;
  } finally {
    lua.global.close();
  }
}
