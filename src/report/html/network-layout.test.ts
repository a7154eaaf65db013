import { expect } from "chai";
import { exampleResult } from "../example.js";
import type { HostResult } from "../result.js";
import { HOST, layOut } from "./network-layout.js";

const hosts = exampleResult().scenarios[0]?.hosts ?? [];

describe("the picture of a network", () => {
  it("has the clients' segment on top, and one below the other those behind it", () => {
    const { segments } = layOut(hosts);
    expect(segments.map(({ name }) => name)).to.deep.equal(["172.16.0.0/24", "10.0.0.0/24"]);
    expect(segments[0]?.y).to.be.lessThan(segments[1]?.y ?? 0);
  });

  it("puts clients above the first segment, a router between two, servers below the last", () => {
    const { hosts: drawn, segments } = layOut(hosts);
    const at = (name: string) => drawn.find(({ host }) => host.name === name)?.y ?? Number.NaN;
    const [upper = 0, lower = 0] = segments.map(({ y }) => y);
    expect(at("client") + HOST.height).to.be.lessThan(upper);
    expect(at("router")).to.be.greaterThan(upper);
    expect(at("router") + HOST.height).to.be.lessThan(lower);
    expect(at("rs1")).to.be.greaterThan(lower).and.to.equal(at("director"));
  });

  it("leads each NIC's wire from its host's edge to its segment", () => {
    const { nics, hosts: drawn } = layOut(hosts);
    expect([...nics.keys()]).to.have.members(["client", "router/eth0", "router/eth1", "director", "rs1"]);
    for (const { x, nic } of nics.values()) {
      const host = drawn.find(({ host }) => host.nics.includes(nic));
      expect(x).to.be.within(host?.x ?? 0, (host?.x ?? 0) + HOST.width);
    }
  });

  it("takes addresses that are none, and prefixes that are too long", () => {
    const odd = (ip: string, prefix?: number): HostResult => ({
      name: ip,
      role: "real-server",
      nics: [{ name: "eth0", tap: ip, ip, mac: "", ...(prefix === undefined ? {} : { prefix }) }],
    });
    const { segments } = layOut([odd("nonsense"), odd("10.0.0.1", 128), odd("fd00::1"), odd("10.0.0.2")]);
    expect(segments.map(({ name }) => name)).to.deep.equal(["nonsense", "10.0.0.1/32", "fd00::/64", "10.0.0.0/24"]);
    expect(layOut([]).hosts).to.deep.equal([]);
  });
});
