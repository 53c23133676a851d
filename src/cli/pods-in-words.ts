const NAMES_MAX = 8;

/** "a, b and 7 more". */
export function listed(names: readonly string[]): string {
  if (names.length <= NAMES_MAX) return names.join(", ");
  return `${names.slice(0, NAMES_MAX - 1).join(", ")} and ${names.length - NAMES_MAX + 1} more`;
}

export function countOf(pods: number): string {
  return pods === 1 ? "1 pod" : `${pods} pods`;
}
