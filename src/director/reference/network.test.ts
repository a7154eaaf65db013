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

  it("know broadcast addresses, of which the smallest networks have none", () => {
    const network = new Network([ETH0, { ...ETH1, prefix: 31 }], []);
    expect(
      ["10.0.0.255", "10.0.0.254", "10.0.1.255", "192.168.10.1"].map((ip) => network.isBroadcast(ip)),
    ).to.deep.equal([true, false, false, false]);
  });

  it("lead to hosts alone", () => {
    const hosts = ["1.0.0.1", "223.255.255.254"];
    expect([...hosts, "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"].filter(isHostAddress)).to.deep.equal(
      hosts,
    );
  });
});
