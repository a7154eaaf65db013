import { stringify } from "yaml";
import type { Model } from "../forwarding/setup.js";
import { version } from "./version.js";

/** What `hopcheck init` is told of a project. */
export interface Project {
  readonly name: string;
  readonly models: readonly Model[];
  /** The command that starts the load balancer. */
  readonly start: string;
  /** The template of its configuration; left out: it has none. */
  readonly config?: string;
  /** A command that ends with 0 when it serves; left out: it serves as soon as it was started. */
  readonly ready?: string;
}

export const DIRECTOR_FILE = "hopcheck.yaml";
export const SCENARIO_FILE = "hopcheck/first.yaml";
export const WORKFLOW_FILE = ".github/workflows/hopcheck.yaml";

/** Where the action of this very version is had. */
const ACTION = `hopcheck/hopcheck@v${version}`;

export function directorText({ name, models, config, start, ready }: Project): string {
  const director = {
    name,
    models,
    ...(config === undefined ? {} : { config }),
    start,
    ...(ready === undefined ? {} : { ready: { command: ready } }),
  };
  return `# How hopcheck starts this load balancer: in a network namespace of its own, by sh, in the folder of this file.
# $config is the template below, rendered; $setup the same network as JSON. All keys: docs/director.md of hopcheck.
${stringify(director, { lineWidth: 0 })}# Whose it is, for reports that others read; the workflow gives the commit for its version:
# implementation: { organization: Example, url: "https://example.org/lb", contact: [lb@example.org] }
`;
}

/** A template to begin with: it shows what a template may name. */
export const TEMPLATE = `# A Liquid template (https://liquidjs.com): hopcheck renders it with the network of each scenario. Make your configuration of it.
{%- for service in services %}
service {{ service.vip }} {{ service.protocol }} {{ service.port }} {{ service.model }} {{ service.scheduler }}
{%- for server in service.realServers %}
  server {{ server.name }} {{ server.ip }} {{ server.port }} weight {{ server.weight }}
{%- endfor %}
{%- endfor %}
`;

const COVERED: Readonly<Record<Model, readonly string[]>> = {
  nat: ["NAT-REQ-01", "NAT-RSP-01"],
  dr: ["DR-REQ-01", "DR-RSP-01"],
  tun: ["TUN-ENC-01", "TUN-RS-01"],
  proxy: ["PROXY-REQ-01", "PROXY-RSP-01"],
};

/** A scenario with a network of its own: clients connect, and real servers answer with what they are sent. */
export function scenarioText(model: Model): string {
  const [network, port, interfaces] =
    model === "nat" || model === "proxy"
      ? ["192.168.10", ", port: 8080", "[{ ip: 10.0.0.1/24 }, { ip: 192.168.10.1/24 }]"]
      : ["10.0.0", "", "[{ ip: 10.0.0.1/24 }]"];
  return `title: Clients reach the service, and its answers reach them
setup:
  services:
    - vip: 10.0.0.10
      port: 80
      protocol: tcp
      model: ${model}
      realServers:
        - { name: rs1, ip: ${network}.11${port} }
        - { name: rs2, ip: ${network}.12${port} }
  director: { interfaces: ${interfaces} }
  client: { ip: 10.0.0.100/24 }
# Promises: one of these not exercised is a failure. Every other rule that applies is judged as well.
covers: [${COVERED[model].join(", ")}]
steps:
  - connect: { to: 80/tcp, payload: hello, times: 4 }
`;
}

export const WORKFLOW = `name: hopcheck
on: [push, pull_request]
permissions:
  contents: read
jobs:
  forwarding:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      # Build the load balancer here.
      - uses: ${ACTION}
        with:
          director: ${DIRECTOR_FILE}
          director-version: \${{ github.sha }}
          scenarios: hopcheck
`;
