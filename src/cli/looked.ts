import { isForbidden, isNotFound } from "../kube/errors.ts";

/** What an attempt to read came to. */
export type Look<T> = { kind: "found"; value: T } | { kind: "absent" } | { kind: "forbidden" };

/** For reads where absence, or a lack of rights, is an answer like any other. */
export async function looked<T>(ask: () => Promise<T>): Promise<Look<T>> {
  try {
    return { kind: "found", value: await ask() };
  } catch (error) {
    if (isNotFound(error)) return { kind: "absent" };
    if (isForbidden(error)) return { kind: "forbidden" };
    throw error;
  }
}

/** For reads where only absence is an answer. */
export async function ifThere<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** For lists that are a courtesy: [] for whoever may not read them, and where the server has no such kind. */
export async function ifAllowed<T>(ask: () => Promise<T[]>): Promise<T[]> {
  const look = await looked(ask);
  return look.kind === "found" ? look.value : [];
}
