import { expect } from "chai";
import { type Host, IP_IN_IP, type Model, type Nic, type Role, type Service, type Setup } from "../forwarding/setup.js";
import { CRAFTED_PORTS, type HostPlan, planHosts } from "./plan.js";
import { nicTowards, segmentsOf } from "./segments.js";

const VIP = "10.0.0.10";

function nic(name: string, ip: string, prefix = 24): Nic {
  const mac = `02:00:${ip
    .split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join(":")}`;
  return { name, ip, prefix, others: [], mac, mtu: 1500 };
}

function host(name: string, role: Role, nics: Nic[], more: Partial<Host> = {}): Host {
  return { name, role, nics, gateways: [], options: { sysctl: {}, vipPrefix: 32 }, ...more };
}

function service(model: Model, more: Partial<Service> = {}): Service {
  return {
    vip: VIP,
    port: 80,
    protocol: "tcp",
    model,
    scheduler: "rr",
    schedulerFlags: [],
    onePacket: false,
    tunnel: IP_IN_IP,
    realServers: [{ name: "rs1", ip: "192.168.10.11", port: 8080, weight: 1, answers: "echo" }],
    ...more,
  };
}

/** A client behind a router, a director with two legs, one real server. */
function setup(services: Service[], rs: Partial<Host> = {}): Setup {
  return {
    services,
    hosts: [
      host("client", "client", [nic("eth0", "172.16.0.100")], { gateways: ["172.16.0.254"] }),
      host("router", "router", [nic("eth0", "10.0.0.254"), nic("eth1", "172.16.0.254")]),
      host("director", "director", [nic("eth0", "192.168.10.1"), nic("eth1", "10.0.0.1")]),
      host("rs1", "real-server", [nic("eth0", "192.168.10.11")], rs),
    ],
  };
}

function planOf(name: string, of: Setup): HostPlan {
  const plan = planHosts(of).find((plan) => plan.host.name === name);
  if (!plan) throw new Error(`no ${name}`);
  return plan;
}

const withDevice = (vipDevice: string, vipPrefix = 32) => ({ options: { sysctl: {}, vipDevice, vipPrefix } });

describe("segmentsOf", () => {
  it("puts NICs together whose addresses share a prefix", () => {
    const members = segmentsOf(setup([service("dr")])).map((segment) => [
      segment.network,
      segment.members.map(({ host, nic }) => `${host.name}/${nic.name}`).join(" "),
    ]);
    expect(members).to.deep.equal([
      ["172.16.0.0/24", "client/eth0 router/eth1"],
      ["10.0.0.0/24", "router/eth0 director/eth1"],
      ["192.168.10.0/24", "director/eth0 rs1/eth0"],
    ]);
  });

  it("knows prefixes that end within a byte", () => {
    const hosts = ["10.0.0.129", "10.0.0.190", "10.0.0.193"].map((ip) => host(ip, "router", [nic("eth0", ip, 26)]));
    expect(segmentsOf({ services: [], hosts }).map(({ network, members }) => [network, members.length])).to.deep.equal([
      ["10.0.0.128/26", 2],
      ["10.0.0.192/26", 1],
    ]);
  });
});

describe("nicTowards", () => {
  const director = host("director", "director", [nic("eth0", "192.168.10.1"), nic("eth1", "10.0.0.1")]);

  it("is the NIC on whose segment the address lies, else the first", () => {
    expect(nicTowards(director, VIP).name).to.equal("eth1");
    expect(nicTowards(director, "8.8.8.8").name).to.equal("eth0");
  });

  it("says whose NIC is missing", () => {
    expect(() => nicTowards(host("bare", "router", []), VIP)).to.throw("bare has no NIC");
  });
});

describe("planHosts", () => {
  it("gives the director the VIP on the NIC of its segment, behind the NIC's own address, once for all services", () => {
    const { ip } = planOf("director", setup([service("dr"), service("dr", { port: 81 })]));
    const addresses = ip.filter((line) => line.startsWith("address"));
    expect(addresses).to.deep.equal([
      "address add 192.168.10.1/24 dev eth0",
      "address add 10.0.0.1/24 dev eth1",
      "address add 10.0.0.10/32 dev eth1",
    ]);
  });

  it("gives a real server the VIP where its setup says, with its prefix, and never under NAT", () => {
    const vipOf = (model: Model, rs: Partial<Host>) =>
      planOf("rs1", setup([service(model)], rs)).ip.filter((line) => line.includes(VIP) || line.includes("tunl0"));
    expect(vipOf("dr", withDevice("lo"))).to.deep.equal(["address add 10.0.0.10/32 dev lo"]);
    expect(vipOf("dr", withDevice("eth0", 24))).to.deep.equal(["address add 10.0.0.10/24 dev eth0"]);
    expect(vipOf("tun", withDevice("tunl0"))).to.deep.equal([
      "link set tunl0 up",
      "address add 10.0.0.10/32 dev tunl0",
    ]);
    expect(vipOf("dr", withDevice("none"))).to.deep.equal([]);
    expect(vipOf("nat", withDevice("lo"))).to.deep.equal([]);
  });

  it("tells everybody the MACs of its segments, and router and client that of the VIP: the director's", () => {
    const neighbours = (name: string) =>
      planOf(name, setup([service("dr")])).ip.filter((line) => line.startsWith("neigh"));
    expect(neighbours("router")).to.deep.equal([
      "neigh replace 172.16.0.100 lladdr 02:00:ac:10:00:64 dev eth1 nud permanent",
      "neigh replace 10.0.0.1 lladdr 02:00:0a:00:00:01 dev eth0 nud permanent",
      "neigh replace 10.0.0.10 lladdr 02:00:0a:00:00:01 dev eth0 nud permanent",
    ]);
    expect(neighbours("client")).to.deep.equal([
      "neigh replace 172.16.0.254 lladdr 02:00:ac:10:00:fe dev eth0 nud permanent",
    ]);
    expect(neighbours("rs1")).to.deep.equal([
      "neigh replace 192.168.10.1 lladdr 02:00:c0:a8:0a:01 dev eth0 nud permanent",
    ]);
  });

  it("sets a default route where the host has a gateway, and only there", () => {
    const routes = (name: string) => planOf(name, setup([service("dr")])).ip.filter((line) => line.startsWith("route"));
    expect(routes("client")).to.deep.equal(["route add default via 172.16.0.254"]);
    expect(routes("rs1")).to.deep.equal([]);
  });

  it("leads a real server's answers back into its tunnel where its gateway is at the other end of that", () => {
    const rs = { gateways: ["192.168.10.1"], options: { sysctl: {}, vipPrefix: 32, gatewayInTunnel: true } };
    expect(planOf("rs1", setup([service("tun")], rs)).ip).to.include(
      "route add default via 192.168.10.1 dev tunl0 onlink",
    );
  });

  it("keeps the client's kernel from answering for crafted flows, and its own ports away from theirs", () => {
    const { ip, before } = planOf("client", setup([service("dr")]));
    expect(ip.filter((line) => line.startsWith("rule"))).to.deep.equal([
      `rule add ipproto 6 sport ${CRAFTED_PORTS.first}-${CRAFTED_PORTS.last} blackhole`,
      "rule add ipproto 1 blackhole",
    ]);
    expect(before["net.ipv4.ip_local_port_range"]).to.equal(`${CRAFTED_PORTS.last + 1} 60999`);
  });

  it("keeps a silent real server's kernel quiet: on the rport under NAT, on the service's port otherwise", () => {
    const silent = (model: Model, protocol: "tcp" | "udp") => {
      const realServers = [{ name: "rs1", ip: "192.168.10.11", port: 8080, weight: 1, answers: "silent" as const }];
      const { ip, echoes } = planOf("rs1", setup([service(model, { protocol, realServers })], withDevice("lo")));
      expect(echoes).to.deep.equal([]);
      return ip.filter((line) => line.startsWith("rule"));
    };
    expect(silent("nat", "tcp")).to.deep.equal(["rule add ipproto 6 sport 8080 blackhole"]);
    expect(silent("dr", "tcp")).to.deep.equal(["rule add ipproto 6 sport 80 blackhole"]);
    expect(silent("dr", "udp")).to.deep.equal(["rule add ipproto 1 blackhole"]);
  });

  it("listens on its own address and rport under NAT, on the VIP and its port under DR and TUN", () => {
    const echo = (model: Model) => planOf("rs1", setup([service(model)], withDevice("lo"))).echoes;
    expect(echo("nat")).to.deep.equal([{ protocol: "tcp", ip: "192.168.10.11", port: 8080 }]);
    expect(echo("dr")).to.deep.equal([{ protocol: "tcp", ip: VIP, port: 80 }]);
    expect(echo("tun")).to.deep.equal([{ protocol: "tcp", ip: VIP, port: 80 }]);
  });

  it("listens nowhere where the service is closed, of SCTP, or another host's", () => {
    const closed = [{ name: "rs1", ip: "192.168.10.11", port: 80, weight: 1, answers: "closed" as const }];
    expect(planOf("rs1", setup([service("dr", { realServers: closed })])).echoes).to.deep.equal([]);
    expect(planOf("rs1", setup([service("dr", { protocol: "sctp" })])).echoes).to.deep.equal([]);
    expect(planOf("director", setup([service("dr")])).echoes).to.deep.equal([]);
  });

  it("sets the ARP switches of real servers that hold a VIP, and forwarding of those that forward", () => {
    const settings = (name: string, model: Model) => {
      const { before } = planOf(name, setup([service(model)], withDevice("lo")));
      return [
        before["net.ipv4.ip_forward"],
        before["net.ipv4.conf.all.arp_ignore"],
        before["net.ipv4.conf.all.arp_announce"],
      ];
    };
    expect(settings("rs1", "dr")).to.deep.equal([undefined, "1", "2"]);
    expect(settings("rs1", "tun")).to.deep.equal([undefined, "1", "2"]);
    expect(settings("rs1", "nat")).to.deep.equal([undefined, undefined, undefined]);
    expect(settings("router", "dr")).to.deep.equal(["1", undefined, undefined]);
    expect(settings("director", "dr")).to.deep.equal(["0", undefined, undefined]);
    expect(settings("director", "nat")).to.deep.equal(["1", undefined, undefined]);
  });

  it("lets the author's settings have the last word", () => {
    const rs = { options: { sysctl: { "net.ipv4.conf.all.arp_ignore": "0" }, vipDevice: "tunl0", vipPrefix: 32 } };
    const { before, after } = planOf("rs1", setup([service("tun")], rs));
    expect(before["net.ipv4.conf.all.arp_ignore"]).to.equal("1");
    expect(after).to.deep.equal({ "net.ipv4.conf.tunl0.rp_filter": "0", "net.ipv4.conf.all.arp_ignore": "0" });
  });
});
