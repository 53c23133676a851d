import type { Dashboard } from "./grafana.ts";

const chosen = 'namespace=~"$namespace",cloneset=~"$cloneset"';
const chosenPods = 'namespace=~"$namespace",name=~"$cloneset"';
const variables = [
  { name: "namespace", metric: "kruise_cloneset_spec_replicas", label: "namespace" },
  {
    name: "cloneset",
    metric: "kruise_cloneset_spec_replicas",
    label: "cloneset",
    where: '{namespace=~"$namespace"}',
  },
];
const one = "{{namespace}}/{{cloneset}}";

export const DASHBOARDS: Dashboard[] = [
  {
    uid: "cloneset-rollout",
    title: "CloneSets: rollout",
    variables,
    panels: [
      {
        title: "Updated pods",
        about: "How far each rollout has come, beside how far its partition lets it.",
        unit: "short",
        queries: [
          { expr: `kruise_cloneset_status_replicas_updated_available{${chosen}}`, legend: `${one} updated, available` },
          { expr: `kruise_cloneset_status_replicas_expected_updated{${chosen}}`, legend: `${one} to be updated` },
        ],
      },
      {
        title: "Unavailable pods and their budget",
        about: "Above the budget something other than the rollout takes pods down.",
        unit: "short",
        queries: [
          { expr: `kruise_cloneset_status_replicas_unavailable{${chosen}}`, legend: `${one} unavailable` },
          {
            expr: `kruise_cloneset_spec_strategy_rollingupdate_max_unavailable{${chosen}}`,
            legend: `${one} allowed`,
          },
        ],
      },
      {
        title: "Held by the partition",
        about: "Pods that stay on old revisions until somebody promotes.",
        unit: "short",
        queries: [{ expr: `kruise_cloneset_spec_strategy_partition{${chosen}}`, legend: one }],
      },
      {
        title: "Pods by state",
        about: "Ready pods are not available until minReadySeconds have passed.",
        unit: "short",
        queries: [{ expr: `sum by (state) (cloneset_pods{${chosenPods}})`, legend: "{{state}}" }],
      },
      {
        title: "Stalled, failed, paused",
        about: "CloneSets that wait for somebody.",
        unit: "short",
        queries: [
          {
            expr: `sum by (namespace, cloneset, condition) (kruise_cloneset_status_condition{${chosen},condition=~"Stalled|FailedScale|FailedUpdate",status="true"} == 1)`,
            legend: `${one} {{condition}}`,
          },
          { expr: `kruise_cloneset_spec_paused{${chosen}} == 1`, legend: `${one} paused` },
        ],
      },
      {
        title: "Moves per second",
        about: "Pods updated in place, deleted and created.",
        unit: "ops",
        queries: [
          {
            expr: 'sum by (action) (rate(cloneset_actions_total{action=~"createPod|deletePod|updatePodInPlace",result="done"}[5m]))',
            legend: "{{action}}",
          },
        ],
      },
    ],
  },
  {
    uid: "cloneset-scale-in",
    title: "CloneSets: scaling",
    variables,
    panels: [
      {
        title: "Wanted and existing pods",
        about: "More than wanted: a surge, or a scale-in under way.",
        unit: "short",
        queries: [
          { expr: `kruise_cloneset_spec_replicas{${chosen}}`, legend: `${one} wanted` },
          { expr: `kruise_cloneset_status_replicas{${chosen}}`, legend: `${one} existing` },
        ],
      },
      {
        title: "Available pods",
        about: "What serves.",
        unit: "short",
        queries: [{ expr: `kruise_cloneset_status_replicas_available{${chosen}}`, legend: one }],
      },
      {
        title: "Deletions by reason",
        about: "scaleDown, podsToDelete, recreateUpdate, hookDone, finished.",
        unit: "ops",
        queries: [
          {
            expr: 'sum by (reason) (rate(cloneset_actions_total{action="deletePod",result="done"}[5m]))',
            legend: "{{reason}}",
          },
        ],
      },
      {
        title: "Pods on their way out",
        about: "Terminating pods; on a lost node they stay until somebody helps.",
        unit: "short",
        queries: [
          {
            expr: `sum by (namespace, name) (cloneset_pods{${chosenPods},state="terminating"})`,
            legend: "{{namespace}}/{{name}}",
          },
        ],
      },
      {
        title: "Writes that a last look withheld",
        about: "A few are a cluster that moves fast, many are a fault worth a report.",
        unit: "ops",
        queries: [{ expr: "sum by (rule) (rate(cloneset_withheld_writes_total[5m]))", legend: "{{rule}}" }],
      },
    ],
  },
  {
    uid: "cloneset-controller",
    title: "CloneSets: controller",
    variables: [],
    panels: [
      {
        title: "Oldest waiting CloneSet",
        about: "Time from a change to the pass that sees it.",
        unit: "s",
        queries: [{ expr: "max by (instance) (workqueue_oldest_age_seconds)", legend: "{{instance}}" }],
      },
      {
        title: "Passes",
        about: "How many, and how they end.",
        unit: "ops",
        queries: [{ expr: "sum by (result) (rate(reconcile_total[5m]))", legend: "{{result}}" }],
      },
      {
        title: "Time of a pass",
        about: "With all its writes.",
        unit: "s",
        queries: [
          {
            expr: "histogram_quantile(0.99, sum by (le) (rate(workqueue_work_duration_seconds_bucket[5m])))",
            legend: "99 %",
          },
          {
            expr: "histogram_quantile(0.5, sum by (le) (rate(workqueue_work_duration_seconds_bucket[5m])))",
            legend: "50 %",
          },
        ],
      },
      {
        title: "Requests to the API server",
        about: "409 is a conflict, 429 says slower.",
        unit: "ops",
        queries: [{ expr: "sum by (verb, code) (rate(kube_client_requests_total[5m]))", legend: "{{verb}} {{code}}" }],
      },
      {
        title: "Age of the watches",
        about: "Time since each kind was last heard of.",
        unit: "s",
        queries: [{ expr: "max by (resource) (reflector_watch_age_seconds)", legend: "{{resource}}" }],
      },
      {
        title: "Leaders",
        about: "One, always.",
        unit: "short",
        queries: [{ expr: "sum(leader)", legend: "leaders" }],
      },
      {
        title: "Memory and CPU",
        about: "Resident memory in MB; cores.",
        unit: "short",
        queries: [
          { expr: "process_resident_memory_bytes / 1e6", legend: "{{instance}} MB" },
          { expr: "rate(process_cpu_seconds_total[5m])", legend: "{{instance}} cores" },
        ],
      },
      {
        title: "Webhook",
        about: "Reviews by result, and days until its certificate expires.",
        unit: "short",
        queries: [
          { expr: "sum by (result) (rate(webhook_admission_requests_total[5m]))", legend: "{{result}} per second" },
          { expr: "(webhook_certificate_expiry_timestamp_seconds - time()) / 86400", legend: "{{instance}} days" },
        ],
      },
    ],
  },
];
