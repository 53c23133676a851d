/** Dashboards of Grafana, as far as ours need them. */

export interface Panel {
  title: string;
  /** What the panel answers, as a hint on its title. */
  about: string;
  /** A unit of Grafana: "short", "s", "percentunit", "ops". */
  unit: string;
  queries: Query[];
}

interface Query {
  /** PromQL. */
  expr: string;
  legend: string;
}

export interface Dashboard {
  uid: string;
  title: string;
  /** Variables to choose from, each the values of a label of a metric. */
  variables: { name: string; metric: string; label: string; where?: string }[];
  panels: Panel[];
}

const COLUMNS = 2;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 8;
const SOURCE = { type: "prometheus", uid: "${datasource}" };

/** The JSON that Grafana imports. */
export function grafanaJson({ uid, title, variables, panels }: Dashboard): object {
  return {
    uid,
    title,
    tags: ["cloneset"],
    editable: true,
    schemaVersion: 39,
    time: { from: "now-1h", to: "now" },
    refresh: "30s",
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
        ...variables.map(({ name, metric, label, where = "" }) => ({
          name,
          type: "query",
          datasource: SOURCE,
          query: { query: `label_values(${metric}${where}, ${label})`, refId: name },
          refresh: 2,
          multi: true,
          includeAll: true,
          allValue: ".*",
          current: { text: "All", value: "$__all" },
        })),
      ],
    },
    panels: panels.map((panel, i) => ({
      id: i + 1,
      type: "timeseries",
      title: panel.title,
      description: panel.about,
      datasource: SOURCE,
      gridPos: { x: (i % COLUMNS) * WIDTH, y: Math.floor(i / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
      options: { legend: { displayMode: "table", placement: "bottom", calcs: ["lastNotNull", "max"] } },
      targets: panel.queries.map(({ expr, legend }, j) => ({
        refId: String.fromCharCode(65 + j),
        datasource: SOURCE,
        expr,
        legendFormat: legend,
      })),
    })),
  };
}
