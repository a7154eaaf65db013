import { expect } from "chai";
import { exampleResult } from "../example.js";
import type { HostResult } from "../result.js";
import { HOST_HEIGHT, layOut } from "./network-layout.js";

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
    expect(at("client") + HOST_HEIGHT).to.be.lessThan(upper);
    expect(at("router")).to.be.greaterThan(upper);
    expect(at("router") + HOST_HEIGHT).to.be.lessThan(lower);
    expect(at("rs1")).to.be.greaterThan(lower).and.to.equal(at("director"));
  });

  it("leads each NIC's wire from its host's edge to its segment", () => {
    const { nics, hosts: drawn } = layOut(hosts);
    expect([...nics.keys()]).to.have.members(["client", "router/eth0", "router/eth1", "director", "rs1"]);
    for (const { x, nic } of nics.values()) {
      const host = drawn.find(({ host }) => host.nics.includes(nic));
      expect(x).to.be.within(host?.x ?? 0, (host?.x ?? 0) + (host?.width ?? 0));
    }
  });

  const nic = (tap: string, ip: string) => ({ name: "eth0", tap, ip, prefix: 24, mac: "" });
  const host = (name: string, role: string, ...ips: string[]): HostResult => ({
    name,
    role,
    nics: ips.map((ip) => nic(`${name} ${ip}`, ip)),
  });

  it("draws no wire through a host, where a router has several segments below it", () => {
    const { nics, hosts: drawn } = layOut([
      host("client", "client", "10.1.0.1"),
      host("router", "router", "10.1.0.254", "10.2.0.254", "10.3.0.254"),
      host("director", "director", "10.2.0.1"),
      host("rs1", "real-server", "10.2.0.11"),
      host("rs2", "real-server", "10.3.0.12"),
    ]);
    for (const { x, hostY, segmentY } of nics.values())
      for (const box of drawn) {
        const [top, bottom] = [Math.min(hostY, segmentY), Math.max(hostY, segmentY)];
        const isCrossed = x > box.x && x < box.x + box.width && top < box.y && bottom > box.y + HOST_HEIGHT;
        expect(isCrossed, box.host.name).to.equal(false);
      }
  });

  it("draws every host once, in a ring as well, and where nothing joins two parts", () => {
    const ring = [
      host("client", "client", "10.1.0.1"),
      host("one", "director", "10.1.0.2", "10.2.0.2"),
      host("two", "director", "10.1.0.3", "10.2.0.3"),
      host("rs1", "real-server", "10.2.0.11"),
      host("apart", "real-server", "10.9.0.1"),
    ];
    const { hosts: drawn, segments } = layOut(ring);
    expect(drawn.map(({ host: { name } }) => name)).to.have.members(ring.map(({ name }) => name));
    expect(segments.map(({ name }) => name)).to.have.members(["10.1.0.0/24", "10.2.0.0/24", "10.9.0.0/24"]);
    const boxes = drawn.map(({ x, y }) => `${x} ${y}`);
    expect(new Set(boxes).size).to.equal(boxes.length);
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
