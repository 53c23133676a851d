/** What is rolled out: one CloneSet of pods as people write them, about 7 KB each once they run. */
import type { WireCloneSet } from "../../src/api/convert.ts";
import type { PodTemplate } from "../../src/api/kubernetes.ts";

export const IMAGE = "registry.example.com/shop/web:1.0.0";
export const NEXT_IMAGE = "registry.example.com/shop/web:1.1.0";
/** How many pods may be unavailable during the update, of 100. */
export const MAX_UNAVAILABLE_PERCENT = 20;

export function podTemplate(image: string): PodTemplate {
  const httpGet = { path: "/healthz", port: "http", scheme: "HTTP" };
  return {
    metadata: {
      labels: { app: "web", tier: "frontend", team: "shop" },
      annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "9090" },
    },
    spec: {
      terminationGracePeriodSeconds: 30,
      containers: [
        {
          name: "web",
          image,
          ports: [
            { name: "http", containerPort: 8080 },
            { name: "metrics", containerPort: 9090 },
          ],
          env: [
            { name: "LOG_LEVEL", value: "info" },
            { name: "REGION", value: "eu-central-1" },
            { name: "DATABASE_URL", value: "postgres://shop-db.shop.svc:5432/shop" },
            { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          ],
          resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "256Mi" } },
          readinessProbe: { httpGet, periodSeconds: 5, failureThreshold: 3 },
          livenessProbe: { httpGet, periodSeconds: 10, failureThreshold: 3 },
          volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
        },
      ],
      volumes: [{ name: "tmp", emptyDir: {} }],
    },
  };
}

export function cloneSet(given: {
  namespace: string;
  replicas: number;
  type: "InPlaceIfPossible" | "ReCreate";
  image?: string;
}): WireCloneSet {
  const { namespace, replicas, type, image = IMAGE } = given;
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: { namespace, name: "web" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: podTemplate(image),
      updateStrategy: { type, maxUnavailable: `${MAX_UNAVAILABLE_PERCENT}%` },
    },
  };
}
