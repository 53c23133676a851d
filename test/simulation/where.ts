/** What a path of the API names; "" = nothing. */
export function whereOf(path: string): { namespace: string; plural: string; name: string; subresource: string } {
  const parts = (path.split("?")[0] ?? "").split("/").filter(Boolean);
  parts.splice(0, parts[0] === "api" ? 2 : 3);
  let namespace = "";
  if (parts[0] === "namespaces" && parts.length > 2) [, namespace = ""] = parts.splice(0, 2);
  const [plural = "", name = "", subresource = ""] = parts;
  return { namespace, plural, name, subresource };
}
