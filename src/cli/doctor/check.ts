/** One line of `doctor`; with -o json this is the document. */
export interface Check {
  kind: "Check";
  /** What was looked at. */
  check: "crd" | "webhook" | "leader" | "clonesets" | "rights" | "versions" | "argocd";
  /** WARN: works, but not as well as it could. FAIL: something does not work. */
  level: "OK" | "WARN" | "FAIL";
  says: string;
  /** What to do about it; "" where nothing is to be done. */
  next: string;
}

export function check(name: Check["check"], level: Check["level"], says: string, next = ""): Check {
  return { kind: "Check", check: name, level, says, next };
}

/** For what the caller may not see: no answer is no bad news, and no good news. */
export function notAllowed(name: Check["check"], what: string): Check {
  return check(name, "WARN", `you may not read ${what}, so nothing is known of it`, "ask whoever runs the cluster");
}
