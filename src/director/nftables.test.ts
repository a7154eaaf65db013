import { expect } from "chai";
import { type Host, IP_IN_IP, type Service } from "../forwarding/setup.js";
import { directRouting } from "./nftables/direct-routing.js";
import { inTurn } from "./nftables/shares.js";
import { translation } from "./nftables/translation.js";

function service(model: Service["model"], weights: readonly number[], more: Partial<Service> = {}): Service {
  return {
    vip: "10.0.0.10",
    port: 80,
    protocol: "tcp",
    model,
    scheduler: "rr",
    schedulerFlags: [],
    onePacket: false,
    tunnel: IP_IN_IP,
    realServers: weights.map((weight, i) => ({
      name: `rs${i + 1}`,
      ip: `10.0.0.1${i + 1}`,
      port: 8080,
      weight,
      answers: "echo",
    })),
    ...more,
  };
}

describe("the real servers of an nft rule", () => {
  const shares = (...args: Parameters<typeof service>) => inTurn(service(...args), ({ name }) => name);

  it("have one turn each with rr, whatever their weights, and none with weight 0", () => {
    expect(shares("nat", [5, 0, 1])).to.equal("numgen inc mod 2 map { 0 : rs1, 1 : rs3 }");
  });

  it("have turns by their weights with wrr, in the shortest cycle", () => {
    expect(shares("nat", [4, 2, 0, 6], { scheduler: "wrr" })).to.equal(
      "numgen inc mod 6 map { 0-1 : rs1, 2 : rs2, 3-5 : rs4 }",
    );
  });

  it("are none where no one takes connections", () => {
    expect(shares("nat", [0, 0])).to.equal(undefined);
    expect(shares("nat", [])).to.equal(undefined);
  });
});

describe("the nft rules of NAT", () => {
  const rules = (...services: Service[]) => translation(services).map((line) => line.trim());

  it("are none where no service is one of NAT", () => {
    expect(translation([service("dr", [1])])).to.deep.equal([]);
  });

  it("choose a real server for a new connection, and remember it", () => {
    expect(rules(service("nat", [1, 1]))).to.include(
      "ip daddr 10.0.0.10 tcp dport 80 meta mark set numgen inc mod 2 map { 0 : 0x0a00000b, 1 : 0x0a00000c } " +
        "update @flows_tcp_10_0_0_10_80 { ip saddr . th sport : meta mark } " +
        "dnat ip addr . port to meta mark map { 0x0a00000b : 10.0.0.11 . 8080, 0x0a00000c : 10.0.0.12 . 8080 }",
    );
  });

  it("translate what conntrack calls invalid as it does the rest of the flow", () => {
    const lines = rules(service("nat", [1, 0]));
    expect(lines).to.include.members([
      "ct state invalid ip daddr 10.0.0.10 tcp dport 80 goto untracked_tcp_10_0_0_10_80",
      "meta mark set ip saddr . th sport map @flows_tcp_10_0_0_10_80 goto translate_tcp_10_0_0_10_80",
      "tcp dport set meta mark map { 0x0a00000b : 8080, 0x0a00000c : 8080 } " +
        "ip daddr set meta mark map { 0x0a00000b : 10.0.0.11, 0x0a00000c : 10.0.0.12 } accept",
    ]);
  });

  it("refuse where no one takes connections, and keep those that there are", () => {
    const lines = rules(service("nat", [0]));
    expect(lines).to.include("ct state new ip daddr 10.0.0.10 tcp dport 80 reject with icmp port-unreachable");
    expect(lines.join("\n")).to.not.contain("dnat ip");
    expect(rules(service("nat", [1])).join("\n")).to.not.contain("reject");
  });

  it("drop what goes to a real server that was removed, also where it was the last one", () => {
    const drop = "ct status dnat ct direction original meta l4proto { tcp, udp }";
    expect(rules(service("nat", [1]))).to.include(
      `${drop} ip daddr . meta l4proto . th dport != { 10.0.0.11 . tcp . 8080 } drop`,
    );
    expect(rules(service("nat", []))).to.include(`${drop} drop`);
  });
});

describe("the nft rules of DR", () => {
  const nic = { name: "eth0", ip: "10.0.0.1", prefix: 24, others: [], mac: "02:00:00:00:00:01", mtu: 1500 };
  const second = { ...nic, name: "eth1", ip: "10.0.1.1", mtu: 1300 };
  const host: Host = {
    name: "director",
    role: "director",
    nics: [nic, second],
    gateways: [],
    options: { sysctl: {}, vipPrefix: 32 },
  };
  const rules = (...services: Service[]) => directRouting(services, host).map((line) => line.trim());

  it("are none where no service is one of DR", () => {
    expect(directRouting([service("nat", [1])], host)).to.deep.equal([]);
  });

  it("are asked at every NIC, by service and by the service that an ICMP error quotes", () => {
    expect(rules(service("dr", [1]), service("dr", [1], { protocol: "udp", port: 53 }))).to.include.members([
      "type filter hook ingress devices = { eth0, eth1 } priority filter;",
      "icmp type { destination-unreachable, time-exceeded, parameter-problem } @nh,228,4 5 " +
        "@nh,296,8 . @nh,320,32 . @nh,384,16 vmap { " +
        "6 . 0x0a00000a . 80 : goto quoted_tcp_10_0_0_10_80, 17 . 0x0a00000a . 53 : goto quoted_udp_10_0_0_10_53 }",
      "ip daddr . meta l4proto . th dport vmap { " +
        "10.0.0.10 . tcp . 80 : goto service_tcp_10_0_0_10_80, 10.0.0.10 . udp . 53 : goto service_udp_10_0_0_10_53 }",
    ]);
  });

  it("send to a real server out of the NIC on its segment, and nothing that is too long for it", () => {
    const [one, two] = service("dr", [1, 1]).realServers;
    const realServers = [one, { ...two, ip: "10.0.1.12" }] as Service["realServers"];
    expect(rules(service("dr", [], { realServers }))).to.include.members([
      "meta length <= 1500 fwd ip to meta mark map { 0x0a00000b : 10.0.0.11 } device eth0",
      "meta length <= 1300 fwd ip to meta mark map { 0x0a00010c : 10.0.1.12 } device eth1",
    ]);
  });

  it("let a SYN alone begin a flow of TCP, and any datagram one of UDP", () => {
    const syn = "tcp flags & (syn | rst) != syn return";
    expect(rules(service("dr", [1]))).to.include(syn);
    expect(rules(service("dr", [1], { protocol: "udp" }))).to.not.include(syn);
  });

  it("refuse where no one takes connections", () => {
    expect(rules(service("dr", [0]))).to.include("reject with icmp port-unreachable");
    expect(rules(service("dr", [1]))).to.not.include("reject with icmp port-unreachable");
  });
});
