import { expect } from "chai";
import { type Host, IP_IN_IP, type Nic, type RealServer, type Role, type Service } from "../../forwarding/setup.js";
import { viewOf } from "./view.js";

const nic = (name: string, ip: string, mac: string): Nic => ({ name, ip, prefix: 24, others: [], mac, mtu: 1500 });
const host = (name: string, role: Role, nics: Nic[], gateways: string[] = []): Host => ({
  ...{ name, role, nics, gateways },
  options: { sysctl: {}, vipPrefix: 32 },
});
const server = (name: string, ip: string): RealServer => ({ name, ip, port: 8080, weight: 1, answers: "echo" });

/** rs1 on the second segment of the director's, rs2 behind a router on it. */
const hosts = [
  host("client", "client", [nic("eth0", "10.0.0.100", "02:00:00:00:00:64")]),
  host("router", "router", [
    nic("eth0", "192.168.10.254", "02:00:00:00:00:fe"),
    nic("eth1", "10.9.0.254", "02:00:00:00:01:fe"),
  ]),
  host(
    "director",
    "director",
    [nic("eth0", "10.0.0.1", "02:00:00:00:00:01"), nic("eth1", "192.168.10.1", "02:00:00:00:01:01")],
    ["192.168.10.254"],
  ),
  host("rs1", "real-server", [nic("eth0", "192.168.10.11", "02:00:00:00:00:0b")]),
  host("rs2", "real-server", [nic("eth0", "10.9.0.12", "02:00:00:00:00:0c")]),
];
const service: Service = {
  vip: "10.0.0.10",
  port: 80,
  protocol: "tcp",
  model: "nat",
  scheduler: "rr",
  schedulerFlags: [],
  onePacket: false,
  tunnel: IP_IN_IP,
  realServers: [server("rs1", "192.168.10.11"), server("rs2", "10.9.0.12")],
};

describe("what a director is told of its network", () => {
  const view = viewOf({ services: [service], hosts }, [service]);

  it("has by real server the NIC and the MAC of the next hop to it, be it the real server or a router", () => {
    const hops = view.services[0]?.realServers.map(({ name, interface: nic, mac }) => [name, nic, mac]);
    expect(hops).to.deep.equal([
      ["rs1", "eth1", "02:00:00:00:00:0b"],
      ["rs2", "eth1", "02:00:00:00:00:fe"],
    ]);
  });

  it("has everybody on its segments, and nobody behind them", () => {
    expect(view.neighbours.map(({ name, ip, interface: nic }) => `${name} ${ip} ${nic}`)).to.deep.equal([
      "client 10.0.0.100 eth0",
      "router 192.168.10.254 eth1",
      "rs1 192.168.10.11 eth1",
    ]);
  });
});
