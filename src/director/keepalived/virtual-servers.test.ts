import { expect } from "chai";
import { IP_IN_IP, type Service } from "../../forwarding/setup.js";
import { virtualServers } from "./virtual-servers.js";

describe("the configuration of keepalived", () => {
  const service = (more: Partial<Service> = {}): Service => ({
    vip: "10.0.0.10",
    port: 80,
    protocol: "tcp",
    model: "nat",
    scheduler: "rr",
    schedulerFlags: [],
    onePacket: false,
    tunnel: IP_IN_IP,
    realServers: [{ name: "rs1", ip: "10.0.0.11", port: 8080, weight: 2, answers: "echo" }],
    ...more,
  });
  const lines = (more: Partial<Service>) =>
    virtualServers([service(more)])
      .split("\n")
      .map((line) => line.trim());

  it("has a virtual server for each service, with its real servers", () => {
    expect(virtualServers([service(), service({ port: 53, protocol: "udp", realServers: [] })])).to.equal(
      `virtual_server 10.0.0.10 80 {
  lvs_sched rr
  lvs_method NAT
  protocol TCP
  real_server 10.0.0.11 8080 {
    weight 2
  }
}
virtual_server 10.0.0.10 53 {
  lvs_sched rr
  lvs_method NAT
  protocol UDP
}
`,
    );
  });

  it("has the flags of schedulers, persistence with its mask, one-packet scheduling and limits", () => {
    const [server] = service().realServers;
    const realServers = [{ ...server, limit: 7 }] as Service["realServers"];
    const persistence = { timeout: 60, prefix: 29 };
    expect(
      lines({ scheduler: "sh", schedulerFlags: ["sh-port"], onePacket: true, persistence, realServers }),
    ).to.include.members([
      "lvs_sched sh",
      "sh-port",
      "ops",
      "persistence_timeout 60",
      "persistence_granularity 255.255.255.248",
      "uthreshold 7",
    ]);
  });

  it("writes IPv6 without brackets, and masks of it as lengths", () => {
    const [server] = service().realServers;
    const realServers = [{ ...server, ip: "fd00::11" }] as Service["realServers"];
    expect(lines({ vip: "fd00::10", persistence: { timeout: 60, prefix: 64 }, realServers })).to.include.members([
      "virtual_server fd00::10 80 {",
      "persistence_granularity 64",
      "real_server fd00::11 8080 {",
    ]);
  });

  it("says what a tunnel is where it is not IP in IP", () => {
    const method = (tunnel: Partial<Service["tunnel"]>) =>
      lines({ model: "tun", tunnel: { ...IP_IN_IP, ...tunnel } }).find((line) => line.startsWith("lvs_method"));
    expect(method({})).to.equal("lvs_method TUN");
    expect(method({ kind: "gre" })).to.equal("lvs_method TUN type gre nocsum");
    expect(method({ kind: "gue", checksum: true })).to.equal("lvs_method TUN type gue port 6080 csum");
    expect(lines({ model: "dr", tunnel: { ...IP_IN_IP, kind: "gre" } })).to.include("lvs_method DR");
  });

  it("has one virtual server for all services of a mark, without their protocol and ports", () => {
    const marked = virtualServers([service({ mark: 7, model: "dr" }), service({ mark: 7, model: "dr", port: 81 })]);
    expect(marked).to.equal(
      `virtual_server fwmark 7 {
  lvs_sched rr
  lvs_method DR
  ip_family inet
  real_server 10.0.0.11 {
    weight 2
  }
}
`,
    );
  });
});
