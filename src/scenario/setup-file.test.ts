import { expect } from "chai";
import type { Host } from "../forwarding/setup.js";
import { loadCapturedSetup, loadSetup } from "./load.js";
import { bundledSetups, setupPath, treeOf } from "./paths.js";
import { Source } from "./source.js";
import { Workspace } from "./workspace.test-support.js";

function bundled(name: string) {
  const path = setupPath(name, new Source("test", "").root, treeOf("."));
  return loadSetup(path ?? "");
}

const gateways = (hosts: readonly Host[]) =>
  Object.fromEntries(hosts.map(({ name, gateways: [gateway] }) => [name, gateway]));
const gatewaysOf = (hosts: readonly Host[]) => Object.fromEntries(hosts.map(({ name, gateways }) => [name, gateways]));
const service = (model: string, more = "") =>
  `  - { vip: 10.0.0.10, port: 80, protocol: tcp, model: ${model}, realServers: [ { name: rs1, ip: 10.0.0.11${more} } ] }\n`;
const DIRECTOR = "director: { interfaces: [ { ip: 10.0.0.1/24 } ] }\n";
const CLIENT = "client: { ip: 10.0.0.100 }\n";

describe("setups", () => {
  const workspace = new Workspace();
  after(() => workspace.remove());
  const setup = (text: string) => loadSetup(workspace.write("setup.yaml", text));

  it("loads every bundled one", () => {
    for (const name of bundledSetups()) expect(bundled(name).services).to.not.equal([]);
  });

  it("nat: real servers answer through the director, on its own segment", () => {
    const { hosts, services } = bundled("nat");
    expect(gateways(hosts)).to.deep.equal({
      client: "172.16.0.254",
      router: undefined,
      director: "10.0.0.254",
      rs1: "192.168.10.1",
      rs2: "192.168.10.1",
      rs3: "192.168.10.1",
    });
    expect(
      services.map(({ port, protocol, realServers }) => [
        port,
        protocol,
        realServers[0]?.port,
        realServers[0]?.answers,
      ]),
    ).to.deep.equal([
      [80, "tcp", 8080, "echo"],
      [8081, "tcp", 8081, "silent"],
      [8082, "tcp", 9082, "silent"],
      [53, "udp", 5353, "echo"],
      [54, "udp", 5454, "silent"],
    ]);
  });

  it("dr and tun: real servers answer through the router on their own segment", () => {
    expect(gateways(bundled("dr").hosts)).to.include({ director: "10.0.0.254", rs1: "10.0.0.254", rs2: "10.0.0.254" });
    expect(gateways(bundled("tun").hosts)).to.include({ director: "10.0.0.254", rs1: "10.0.0.254", rs2: "10.9.0.254" });
  });

  it("dr and tun: keep a port that they must ignore", () => {
    for (const name of ["dr", "tun"]) {
      const ports = bundled(name)
        .services.find(({ port }) => port === 8000)
        ?.realServers.map(({ port }) => port);
      expect(ports).to.deep.equal([9999, 8000, 8000]);
    }
  });

  it("fills in names, MACs, prefixes and devices", () => {
    const rs1 = bundled("tun").hosts.find(({ name }) => name === "rs1");
    expect(rs1).to.deep.equal({
      name: "rs1",
      role: "real-server",
      nics: [{ name: "eth0", ip: "10.0.0.11", prefix: 24, others: [], mac: "02:00:0a:00:00:0b", mtu: 1500 }],
      gateways: ["10.0.0.254"],
      options: { sysctl: {}, vipPrefix: 32, vipDevice: "tunl0" },
    });
    expect(
      bundled("nat")
        .hosts.find(({ name }) => name === "director")
        ?.nics.map(({ name, mac }) => [name, mac]),
    ).to.deep.equal([
      ["eth0", "02:00:0a:00:00:01"],
      ["eth1", "02:00:c0:a8:0a:01"],
    ]);
  });

  it("leaves out the gateway where there is no router", () => {
    const { hosts } = setup(`services:\n${service("dr")}${DIRECTOR}${CLIENT}`);
    expect(gateways(hosts)).to.deep.equal({ client: undefined, director: undefined, rs1: undefined });
  });

  it("takes what hosts say over the defaults", () => {
    const { hosts } = setup(
      `services:\n${service("dr")}${DIRECTOR}${CLIENT}hosts:\n  rs1: { gateway: 10.0.0.1, sysctl: { net.ipv4.conf.all.arp_ignore: 0 }, ` +
        "vipDevice: eth0, vipPrefix: 24, mac: 02-00-00-00-00-AA, mtu: 1400 }\n",
    );
    expect(hosts.at(-1)).to.deep.equal({
      name: "rs1",
      role: "real-server",
      nics: [{ name: "eth0", ip: "10.0.0.11", prefix: 24, others: [], mac: "02:00:00:00:00:aa", mtu: 1400 }],
      gateways: ["10.0.0.1"],
      options: { sysctl: { "net.ipv4.conf.all.arp_ignore": "0" }, vipPrefix: 24, vipDevice: "eth0" },
    });
  });

  it("gives NICs an address of each family, a gateway for each, and tells IPv6 MACs apart", () => {
    const { hosts } = setup(
      `services:
  - { vip: 10.0.0.10, port: 80, protocol: tcp, model: dr, realServers: [ { name: rs1, ip: 10.0.0.11 } ] }
  - { vip: "fd00:0::10", port: 80, protocol: tcp, model: dr, realServers: [ { name: rs1, ip: "fd00::11" } ] }
director: { interfaces: [ { ip: [10.0.0.1, "fd00::1"] } ] }
router: { interfaces: [ { ip: [10.0.0.254, "fd00::fe"] }, { ip: "fd01::fe/64" } ] }
client: { ip: "fd01::64" }
`,
    );
    expect(gatewaysOf(hosts)).to.deep.equal({
      client: ["fd01::fe"],
      router: [],
      director: ["10.0.0.254", "fd00::fe"],
      rs1: ["10.0.0.254", "fd00::fe"],
    });
    const [nic] = hosts.at(-1)?.nics ?? [];
    expect(nic).to.deep.include({ ip: "10.0.0.11", others: [{ ip: "fd00::11", prefix: 64 }] });
    expect(hosts[0]?.nics[0]?.mac).to.equal("02:06:01:00:00:64");
  });

  it("lets one real server serve several models", () => {
    const nat = service("nat").replace("port: 80", "port: 81");
    const { hosts, services } = setup(`services:\n${service("dr")}${nat}${DIRECTOR}${CLIENT}`);
    expect(services.map(({ model }) => model)).to.deep.equal(["dr", "nat"]);
    expect(hosts.at(-1)).to.deep.include({
      gateways: ["10.0.0.1"],
      options: { sysctl: {}, vipPrefix: 32, vipDevice: "lo" },
    });
  });

  it("takes a real server's MAC from whichever service names it", () => {
    const second = service("dr", ", mac: 02:00:00:00:00:07").replace("port: 80", "port: 81");
    const { hosts } = setup(`services:\n${service("dr")}${second}${DIRECTOR}${CLIENT}`);
    expect(hosts.at(-1)?.nics[0]?.mac).to.equal("02:00:00:00:00:07");
  });

  it("learns MACs and models of captures later", () => {
    const capture = workspace.write("a.pcap", "");
    const text = `services:\n${service("dr").replace("model: dr, ", "")}${DIRECTOR}captures: { client: a.pcap, director: [ a.pcap ] }\n`;
    const { setup: known, captures, withoutModel } = loadCapturedSetup(workspace.write("captured.yaml", text));
    expect(known.hosts.map(({ name, nics }) => [name, nics[0]?.mac])).to.deep.equal([
      ["director", ""],
      ["rs1", ""],
    ]);
    expect([...captures]).to.deep.equal([
      ["client", [capture]],
      ["director", [capture]],
    ]);
    expect(withoutModel).to.deep.equal(known.services);
  });
});
