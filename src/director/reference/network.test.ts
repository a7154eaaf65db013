import { expect } from "chai";
import { isHostAddress, Network } from "./network.js";
import { ETH0, ETH1, GATEWAY } from "./testbed.js";

describe("reference director: routes", () => {
  const wide = { ...ETH1, name: "eth2", ip: "10.0.7.1", prefix: 8 };

  it("are on-link by the longest prefix, else by the gateway", () => {
    for (const nics of [
      [ETH0, wide],
      [wide, ETH0],
    ]) {
      const network = new Network(nics, [GATEWAY]);
      expect(network.route("10.0.0.9")).to.deep.equal({ nic: ETH0, nextHop: "10.0.0.9", src: ETH0.ip, mtu: 1500 });
      expect(network.route("10.9.0.9")).to.deep.equal({ nic: wide, nextHop: "10.9.0.9", src: wide.ip, mtu: 1500 });
      expect(network.route("8.8.8.8")).to.deep.equal({ nic: ETH0, nextHop: GATEWAY, src: ETH0.ip, mtu: 1500 });
    }
    expect(new Network([ETH0], []).route("8.8.8.8")).to.equal(undefined);
  });

  it("are of the destination's family, each with a gateway of its own", () => {
    const both = { ...ETH0, others: [{ ip: "fd00::1", prefix: 64 }] };
    const network = new Network([both, { ...ETH1, ip: "fd08::1", prefix: 64 }], [GATEWAY, "fd08::fe"]);
    const ways = ["10.0.0.9", "8.8.8.8", "fd00::9", "fd08::9", "fd99::9"].map((ip) => network.route(ip));
    expect(ways.map((way) => [way?.nic.name, way?.nextHop, way?.src])).to.deep.equal([
      ["eth0", "10.0.0.9", ETH0.ip],
      ["eth0", GATEWAY, ETH0.ip],
      ["eth0", "fd00::9", "fd00::1"],
      ["eth1", "fd08::9", "fd08::1"],
      ["eth1", "fd08::fe", "fd08::1"],
    ]);
    expect(["fd00::1", "fd08::1", ETH0.ip, "fd00::2"].map((ip) => network.owns(ip))).to.deep.equal([
      true,
      true,
      true,
      false,
    ]);
    expect(new Network([both], [GATEWAY]).route("fd99::9")).to.equal(undefined);
  });

  it("remember the least MTU that was reported for their end, within reason and bounds", () => {
    const network = new Network([ETH0, { ...ETH1, ip: "fd00::1", prefix: 64 }], [GATEWAY, "fd00::fe"]);
    const reports = [
      ["10.9.0.1", 1400, 1400],
      ["10.9.0.1", 1450, 1400],
      ["10.9.0.1", 0, 552],
      ["10.9.0.2", 9000, 1500],
      ["fd09::1", 600, 1280],
    ] as const;
    for (const [ip, told, kept] of reports)
      expect([network.learnMtu(ip, told), network.route(ip)?.mtu]).to.deep.equal([kept, kept]);
    for (let host = 0; host < 2000; host++) network.learnMtu(`10.10.${host >> 8}.${host & 255}`, 1400);
    expect(network.route("10.9.0.1")?.mtu, "the oldest").to.equal(1500);
    expect(network.route("10.10.7.1")?.mtu).to.equal(1400);
    network.forgetMtus();
    expect(network.route("10.10.7.1")?.mtu).to.equal(1500);
  });

  it("know broadcast addresses, of which the smallest networks have none", () => {
    const network = new Network([ETH0, { ...ETH1, prefix: 31 }], []);
    expect(
      ["10.0.0.255", "10.0.0.254", "10.0.1.255", "192.168.10.1"].map((ip) => network.isBroadcast(ip)),
    ).to.deep.equal([true, false, false, false]);
  });

  it("lead to hosts alone", () => {
    const hosts = ["1.0.0.1", "223.255.255.254", "fd00::1", "2001:db8::1", "ff::1", "fec0::1"];
    const others = ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"];
    const others6 = ["::", "::1", "ff02::1", "fe80::1", "febf::1"];
    expect([...hosts, ...others, ...others6].filter(isHostAddress)).to.deep.equal(hosts);
  });
});
