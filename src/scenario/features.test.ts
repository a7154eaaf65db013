import { expect } from "chai";
import type { DirectorTraits } from "../director/director.js";
import type { Service, Setup } from "../forwarding/setup.js";
import { PaperLab } from "../forwarding/testing/paper-lab.js";
import { FEATURES, featuresOf, unsupported } from "./features.js";
import type { Scenario, Step } from "./scenario.js";

describe("the features of a scenario", () => {
  const position = { file: "case.yaml", line: 1, column: 1 };

  function scenario(more: Partial<Service> = {}, ...steps: object[]): Scenario {
    return scenarioIn(new PaperLab("tun").setup, more, ...steps);
  }

  function scenarioIn(setup: Setup, more: Partial<Service>, ...steps: object[]): Scenario {
    return {
      file: "case.yaml",
      title: "A request",
      setup: { ...setup, services: setup.services.map((service) => ({ ...service, ...more })) },
      covers: [],
      coversAt: new Map(),
      position,
      steps: steps.map((step) => ({ ...step, position }) as Step),
      expect: [],
      absent: [],
    };
  }
  it("knows a second director", () => {
    const { setup } = new PaperLab("tun", { standby: true });
    expect([...featuresOf(scenarioIn(setup, { protocol: "tcp" }))].sort()).to.deep.equal(["rr", "standby"]);
  });

  const of = (more: Partial<Service> = {}, ...steps: object[]) =>
    [...featuresOf(scenario({ protocol: "tcp", ...more }, ...steps))].sort();
  const [server] = new PaperLab("tun").setup.services[0]?.realServers ?? [];
  const { tunnel } = new PaperLab("tun").setup.services[0] as Service;

  const asked: readonly (readonly [what: string, features: string[], more: Partial<Service>, step?: object])[] = [
    ["plain services", ["rr"], {}],
    ["UDP", ["rr", "udp"], { protocol: "udp" }],
    ["SCTP", ["rr", "sctp"], { protocol: "sctp" }],
    ["a VIP of IPv6, with real servers of IPv4", ["ipv6", "mixed-families", "rr"], { vip: "fd00::10" }],
    ["another scheduler and its flags", ["scheduler-flags", "sh"], { scheduler: "sh", schedulerFlags: ["sh-port"] }],
    ["persistence", ["persistence", "rr"], { persistence: { timeout: 60, prefix: 32 } }],
    ["one packet at a time", ["one-packet", "rr"], { onePacket: true }],
    ["a mark, 0 as well", ["mark", "rr"], { mark: 0 }],
    ["a limit", ["limit", "rr"], { realServers: [{ ...server, limit: 2 }] as Service["realServers"] }],
    [
      "a real server that is not there",
      ["absent", "rr"],
      { realServers: [{ ...server, answers: "absent" }] as Service["realServers"] },
    ],
    ["weights", ["rr", "weight"], { realServers: [{ ...server, weight: 0 }] as Service["realServers"] }],
    ["GRE with checksums", ["gre", "rr", "tunnel-checksum"], { tunnel: { ...tunnel, kind: "gre", checksum: true } }],
    ["GUE", ["gue", "rr"], { tunnel: { ...tunnel, kind: "gue" } }],
    ["tunnels of any packet size", ["no-pmtu-discovery", "rr"], { tunnel: { ...tunnel, pmtuDiscovery: false } }],
    ["a step of weight", ["change-servers", "rr", "weight"], {}, { kind: "weight", realServer: "rs1", weight: 0 }],
    ["a server that is removed", ["change-servers", "rr"], {}, { kind: "remove", realServer: "rs1" }],
    ["a director that forgets", ["forget", "rr"], {}, { kind: "forget", host: "director" }],
    ["a real server that forgets", ["rr"], {}, { kind: "forget", host: "rs1" }],
    ["a director that stops to route", ["forwarding", "rr"], {}, { kind: "forwarding", host: "director", on: false }],
  ];
  for (const [what, features, more, ...steps] of asked)
    it(`are ${features.join(", ")} for ${what}`, () => {
      expect(of(more, ...(steps as object[]))).to.deep.equal(features);
    });

  it("have smaller-mtu for DR out of a NIC that takes less than another one lets in", () => {
    const plain = scenario({ model: "dr" });
    const hosts = plain.setup.hosts.map((host) => {
      const [nic] = host.nics;
      if (host.role !== "director" || nic === undefined) return host;
      return { ...host, nics: [nic, { ...nic, name: "eth1", ip: "192.168.10.1", mtu: nic.mtu + 1 }] };
    });
    expect(featuresOf(plain)).to.not.include("smaller-mtu");
    expect(featuresOf({ ...plain, setup: { ...plain.setup, hosts } })).to.include("smaller-mtu");
    const { services } = scenario({ model: "nat" }).setup;
    expect(featuresOf({ ...plain, setup: { services, hosts } })).to.not.include("smaller-mtu");
  });

  it("do not count tunnels that no service uses", () => {
    expect(of({ model: "dr", tunnel: { kind: "gre", checksum: true, pmtuDiscovery: false } })).to.deep.equal(["rr"]);
  });

  it("have all a name that a director's file may use", () => {
    for (const [, features] of asked) for (const feature of features) expect(FEATURES).to.include(feature);
  });

  it("are held against what a director lacks, each with its reason", () => {
    const director: DirectorTraits = {
      name: "lb",
      models: ["nat", "dr"],
      deviations: {},
      lacks: { sctp: "no such protocol", sh: "it hashes otherwise" },
    };
    expect(unsupported(scenario({ model: "nat" }), director)).to.equal(undefined);
    expect(unsupported(scenario({ protocol: "sctp", scheduler: "sh" }), director)).to.equal(
      "tun: lb forwards by nat and dr; sctp: no such protocol; sh: it hashes otherwise",
    );
  });
});
