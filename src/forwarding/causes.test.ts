import { expect } from "chai";
import { catalogue } from "./catalogue.js";
import { causesOf } from "./causes.js";
import type { Evidence } from "./evidence.js";
import { judge } from "./judge.js";
import type { Cause, Finding } from "./rule.js";
import type { Host, Model } from "./setup.js";
import { DIP, PaperLab, VIP } from "./testing/paper-lab.js";

function finding(rule: string, frames: Finding["frames"] = []): Finding {
  return { rule, status: "fail", suspect: "rs1", frames, count: 1, causes: [] };
}

/** With the client on another segment, or at an address of one's choice. */
function bypassed(clientIp?: string): readonly Cause[] {
  const evidence = new PaperLab("nat", { arms: 1 }).evidence();
  const moved = evidence.setup.hosts.map((host): Host => {
    if (host.role !== "client" || clientIp === undefined) return host;
    return { ...host, nics: host.nics.map((nic) => ({ ...nic, ip: clientIp })) };
  });
  return causesOf(finding("NAT-TOP-02"), withHosts(evidence, moved));
}

function withHosts(evidence: Evidence, hosts: readonly Host[]): Evidence {
  return { ...evidence, setup: { ...evidence.setup, hosts } };
}

describe("causes", () => {
  it("of an answer past the director: the client's place decides which come into question", () => {
    expect(bypassed().map(({ id }) => id)).to.deep.equal(["gateway-not-director"]);
    expect(bypassed("10.0.0.100").map(({ id }) => id)).to.deep.equal(["client-on-link", "gateway-not-director"]);
    const { setup, ...rest } = new PaperLab("nat", { arms: 1 }).evidence();
    const hosts = setup.hosts.filter(({ role }) => role !== "client");
    const unknown = causesOf(finding("NAT-TOP-02"), withHosts({ setup, ...rest }, hosts));
    expect(unknown.map(({ id }) => id)).to.deep.equal(["gateway-not-director", "client-on-link"]);
  });

  it("of an answer past the director: the MAC that it went to decides before the setup does", () => {
    const ids = (gateway: (lab: PaperLab) => string, clientIp?: string) => {
      const lab = new PaperLab("nat", { arms: 1 });
      lab.request();
      lab.answer({ sent: { "eth.dst": gateway(lab) } });
      const { setup, ...rest } = lab.evidence();
      const hosts = setup.hosts.map((host): Host => {
        if (host.role !== "client" || clientIp === undefined) return host;
        return { ...host, nics: host.nics.map((nic) => ({ ...nic, ip: clientIp })) };
      });
      const frames = rest.frames.filter(({ host, direction }) => host === "rs1" && direction === "out");
      return causesOf(finding("NAT-TOP-02", frames), withHosts({ setup, ...rest }, hosts)).map(({ id }) => id);
    };
    const toRouter = ids((lab) => lab.mac("router", 1));
    expect(toRouter).to.deep.equal(["gateway-not-director"]);
    expect(ids((lab) => lab.mac("client"))).to.deep.equal(["client-on-link", "gateway-not-director"]);
    // Written down as a neighbour, and reached by a router all the same.
    expect(ids((lab) => lab.mac("router", 1), "10.0.0.100")).to.deep.equal(["gateway-not-director"]);
  });

  it("of a request without an answer: a server that answers others holds the VIP", () => {
    const ids = (play: (lab: PaperLab) => void) => {
      const lab = new PaperLab("dr");
      play(lab);
      return causesOf(finding("DR-RS-01"), lab.evidence()).map(({ id }) => id);
    };
    const silent = ["vip-not-on-real-server", "rp-filter-strict", "server-not-listening"];
    expect(ids((lab) => lab.request())).to.deep.equal(silent);
    const serving = ids((lab) => {
      lab.request();
      lab.request({ port: 40002, spec: { "udp.dstport": 53, payload: "question" } });
      lab.answer({ port: 40002, spec: { "udp.dstport": 40002, payload: "answer" } });
    });
    expect(serving).to.deep.equal(["server-not-listening", "vip-not-on-real-server", "rp-filter-strict"]);
  });

  it("of answers that the director keeps: one that forwards others has its forwarding on", () => {
    const lab = new PaperLab("nat");
    lab.request();
    lab.answer({ forwarded: false });
    const ids = () => causesOf({ ...finding("NAT-TOP-04"), suspect: "director" }, lab.evidence()).map(({ id }) => id);
    expect(ids()).to.deep.equal(["ip-forward-off", "packet-filter", "rp-filter-strict"]);
    lab.request({ port: 40002 });
    lab.answer({ port: 40002, spec: { "tcp.dstport": 40002 } });
    expect(ids()).to.deep.equal(["packet-filter", "rp-filter-strict"]);
  });

  it("are each confirmed by a command, on the host that is at fault", () => {
    const evidence = new PaperLab("nat", { arms: 1 }).evidence();
    for (const { id, models } of catalogue) {
      const [model = "nat"] = models;
      for (const cause of causesOf(finding(id), new PaperLab(model, { service: { mark: 7 } }).evidence())) {
        expect(cause.confirm, `${id}: ${cause.id}`).to.be.a("string").that.is.not.empty;
        expect(`${cause.confirm} ${cause.fix ?? ""} ${cause.text}`, `${id}: ${cause.id}`).not.to.match(/undefined|NaN/);
      }
    }
    const [gateway] = causesOf(finding("NAT-TOP-02"), evidence);
    expect(gateway).to.include({
      on: "rs1",
      confirm: "ip route get CLIENT",
      fix: "ip route replace default via 10.0.0.1",
    });
    const [kept] = causesOf({ ...finding("GEN-SVC-01"), suspect: "director" }, evidence);
    expect(kept).to.include({ on: "director", confirm: `ipvsadm -ln -t ${VIP}:80` });
  });

  it("name the service that the finding's frames are of", () => {
    const lab = new PaperLab("nat");
    lab.request({ port: 40001, spec: { "udp.dstport": 53, payload: "question" } });
    const evidence = lab.evidence();
    const frames = evidence.frames.slice(0, 1).map(({ tap, number }) => ({ tap, number }));
    const [ofFrames] = causesOf({ ...finding("GEN-SVC-01", frames), suspect: "director" }, evidence);
    const [ofNone] = causesOf({ ...finding("GEN-SVC-01"), suspect: "director" }, evidence);
    expect(ofFrames?.fix).to.equal(`ipvsadm -a -u ${VIP}:53 -r 192.168.10.11:5353 -m`);
    expect(ofNone?.fix).to.equal(`ipvsadm -a -t ${VIP}:80 -r 192.168.10.11:8080 -m`);
  });

  it("of a VIP that ARP shows: what the real server did decides", () => {
    const ids = (rule: string, play: (lab: PaperLab) => void) => {
      const lab = new PaperLab("tun");
      play(lab);
      const failed = judge(lab.evidence(), catalogue).find((one) => one.rule === rule && one.status === "fail");
      return failed?.causes.map(({ id }) => id);
    };
    expect(ids("TUN-RS-05", (lab) => lab.ask("rs1", VIP))).to.deep.equal([
      "arp-ignore-not-effective",
      "vip-on-lan-device",
    ]);
    expect(ids("TUN-RS-05", (lab) => lab.resolve("rs1", VIP, "10.0.0.254", lab.mac("rs1")))).to.deep.equal([
      "arp-announce-not-effective",
    ]);
    expect(ids("TUN-RS-05", (lab) => lab.resolve("rs1", VIP, VIP, lab.mac("rs1")))).to.deep.equal(["vip-announced"]);
  });

  it("of a request that waits for a neighbour: the real server that does not answer is to blame", () => {
    const lab = new PaperLab("dr");
    lab.toDirector(lab.requestSpec({}));
    lab.resolve("director", DIP, lab.ip("rs1"), lab.mac("director"));
    const found = judge(lab.evidence(), catalogue).find((one) => one.rule === "GEN-SVC-01");
    expect(found).to.include({ status: "fail", suspect: "rs1" });
    expect(found?.causes.map(({ id }) => id)).to.deep.equal(["neighbour-unresolved"]);
  });

  it("of requests: whether they were kept or sent on, and what of them is wrong", () => {
    const first = (model: Model, options: Parameters<PaperLab["request"]>[0], rule: string) => {
      const lab = new PaperLab(model);
      lab.request(options);
      return judge(lab.evidence(), catalogue).find((one) => one.rule === rule && one.status === "fail")?.causes[0]?.id;
    };
    const stranger = "02:00:00:00:00:77";
    const router = new PaperLab("tun").mac("router", 1);
    expect(first("nat", { copies: 0 }, "GEN-SVC-01")).to.equal("service-not-configured");
    expect(first("nat", { copies: 2 }, "GEN-SVC-01")).to.equal("director-implementation");
    expect(first("tun", { out: { "eth.dst": router } }, "TUN-ENC-10")).to.equal("wrong-route-to-server");
    expect(first("tun", { out: { "eth.dst": stranger } }, "TUN-ENC-10")).to.equal("stale-neighbour");
    expect(first("tun", { out: { "eth.src": stranger } }, "TUN-ENC-10")).to.equal("director-implementation");
    expect(first("dr", { out: { "tcp.options": "02040514" } }, "DR-REQ-04")).to.equal("mss-clamping");
    expect(first("dr", { out: { "tcp.window_size_value": 7 } }, "DR-REQ-04")).to.equal("director-implementation");
  });

  it("of a checksum: a NIC left it to fill in where it is the sum of the pseudo header", () => {
    const first = (checksum: number) => {
      const lab = new PaperLab("nat");
      lab.request({ out: { "tcp.checksum": checksum } });
      return judge(lab.evidence(), catalogue).find(({ rule, status }) => rule === "NAT-REQ-07" && status === "fail");
    };
    // 172.16.0.100 > 192.168.10.11, protocol 6, 24 bytes.
    expect(first(0x7746)?.causes[0]?.id).to.equal("checksum-offload");
    expect(first(0x1111)?.causes[0]?.id).to.equal("director-implementation");
  });

  it("of an answer for the VIP: the setup says where a real server holds it", () => {
    const lab = new PaperLab("dr");
    lab.ask("rs1", VIP);
    const { setup, ...rest } = lab.evidence();
    const held = (vipDevice: string) =>
      setup.hosts.map((host) => ({ ...host, options: { ...host.options, vipDevice } }));
    const ids = (vipDevice: string) =>
      judge(withHosts({ setup, ...rest }, held(vipDevice)), catalogue)
        .find(({ rule }) => rule === "DR-ARP-02")
        ?.causes.map(({ id }) => id);
    expect(ids("lo")).to.deep.equal(["arp-ignore-not-effective", "vip-on-lan-device"]);
    expect(ids("eth0")).to.deep.equal(["vip-on-lan-device", "arp-ignore-not-effective"]);
  });

  it("are mended by commands of the address's family, and of the service's tunnel", () => {
    const { setup, ...rest } = new PaperLab("tun").evidence();
    const services = setup.services.map((service) => ({
      ...service,
      vip: "fd00::10",
      tunnel: { kind: "gue" as const, checksum: true, pmtuDiscovery: true },
    }));
    const evidence = { ...rest, setup: { ...setup, services } };
    const [model] = causesOf({ ...finding("TUN-ENC-03"), field: "ip.proto" }, evidence);
    expect(model?.fix).to.equal(
      "ipvsadm -e -t [fd00::10]:80 -r 10.0.0.11:80 -i --tun-type gue --tun-port 6080 --tun-csum",
    );
    const [vip] = causesOf(finding("TUN-ENC-02"), evidence);
    expect(vip?.fix).to.equal("ip addr change fd00::10/128 dev eth0 preferred_lft 0");
  });
});
