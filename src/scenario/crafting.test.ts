import { expect } from "chai";
import { CLIENT, PaperLab, VIP } from "../forwarding/testing/paper-lab.js";
import type { PacketSpec } from "../packet/craft.js";
import { reassemble } from "../packet/fragment.js";
import { decode, type Packet } from "../packet/packet.js";
import { Crafting, type Flow, type Outgoing } from "./crafting.js";
import { serverOf } from "./flow-record.js";
import type { FlowFields } from "./scenario.js";

describe("Crafting", () => {
  const http = { vip: VIP, port: 80, protocol: "tcp" } as const;
  const dns = { vip: VIP, port: 53, protocol: "udp" } as const;

  /** A lab on paper, and frames crafted for it from what it has recorded so far. */
  class Bench {
    readonly lab: PaperLab;
    readonly crafting: Crafting;
    #id = 0;

    constructor(model: "nat" | "dr" | "tun" = "dr") {
      this.lab = new PaperLab(model);
      this.crafting = new Crafting(this.lab.setup, () => ++this.#id);
    }

    flow(to: Flow["to"] = http, port = 40001): Flow {
      return this.crafting.openFlow("a", "client", to, port);
    }

    request(flow: Flow, fields: PacketSpec = {}, more: Partial<FlowFields> = {}, from = "client"): Outgoing {
      const step = { flow: flow.name, fields, times: 1, ...more };
      return this.crafting.request(step, flow, this.lab.evidence().frames, this.crafting.host(from));
    }

    answer(flow: Flow, fields: PacketSpec = {}, more: Partial<FlowFields> = {}, server = "rs1"): Packet {
      const step = { flow: flow.name, fields, times: 1, ...more };
      return only(this.crafting.answer(step, flow, this.lab.evidence().frames, this.crafting.host(server)));
    }
  }

  function only({ frames }: Outgoing): Packet {
    expect(frames).to.have.length(1);
    return decode(frames[0] ?? new Uint8Array());
  }

  const segment = ({ tcp }: Packet) => [tcp?.flagsText, tcp?.seq, tcp?.ack];

  it("sends what is off the segment to the gateway's MAC, from the NIC towards it", () => {
    const bench = new Bench();
    const outgoing = bench.request(bench.flow());
    const { eth, ip, tcp } = only(outgoing);
    expect([outgoing.host, outgoing.nic]).to.deep.equal(["client", "eth0"]);
    expect([eth?.src, eth?.dst]).to.deep.equal([bench.lab.mac("client"), bench.lab.mac("router")]);
    expect([ip?.src, ip?.dst, ip?.ttl]).to.deep.equal([CLIENT, VIP, 61]);
    expect([tcp?.srcPort, tcp?.dstPort, tcp?.flagsText]).to.deep.equal([40001, 80, "S"]);
  });

  it("sends to the VIP by the director's MAC on its segment", () => {
    const bench = new Bench("nat");
    const outgoing = bench.request(bench.flow(), {}, {}, "router");
    const { eth, ip } = only(outgoing);
    expect(outgoing.nic).to.equal("eth1");
    expect([eth?.src, eth?.dst]).to.deep.equal([bench.lab.mac("router", 1), bench.lab.mac("director")]);
    expect(ip?.src).to.equal("10.0.0.254");
  });

  it("gives every frame an identification of its own", () => {
    const bench = new Bench();
    const flow = bench.flow();
    const ids = [1, 2, 3].map(() => only(bench.request(flow)).ip?.id);
    expect(ids).to.deep.equal([1, 2, 3]);
  });

  it("moves on by SYN, payload and FIN", () => {
    const bench = new Bench();
    const flow = bench.flow();
    const start = flow.nextSequence;
    const sent = [{}, { "tcp.flags": "PA", payload: "12345" }, { "tcp.flags": "FA" }, { "tcp.flags": "A" }].map(
      (fields) => only(bench.request(flow, fields)).tcp?.seq,
    );
    expect(sent.map((seq) => (seq ?? 0) - start)).to.deep.equal([0, 1, 6, 7]);
  });

  it("wraps sequence numbers as TCP does", () => {
    const bench = new Bench();
    const flow = bench.flow();
    bench.request(flow, { "tcp.seq_raw": 0xffff_ffff });
    expect(only(bench.request(flow, { "tcp.flags": "A" })).tcp?.seq).to.equal(0);
  });

  it("starts each flow far from the others", () => {
    const bench = new Bench();
    const starts = [10_000, 10_001, 59_999].map((port) => bench.flow(http, port).nextSequence);
    expect(Math.abs((starts[1] ?? 0) - (starts[0] ?? 0))).to.be.greaterThan(0xffff / 2);
    expect(Math.max(...starts)).to.be.below(2 ** 32);
  });

  it("acknowledges what came to the client, and only where the flags say so", () => {
    const bench = new Bench();
    const flow = bench.flow();
    bench.lab.request({ port: 40001 });
    bench.lab.answer({ port: 40001, spec: { "tcp.seq_raw": 9000, "tcp.flags": "SA" } });
    expect(segment(only(bench.request(flow, { "tcp.flags": "A" })))[2]).to.equal(9001);
    expect(segment(only(bench.request(flow, { "tcp.flags": "S" })))[2]).to.equal(0);
  });

  it("answers with the numbers that the request and earlier answers ask for", () => {
    const bench = new Bench();
    const flow = bench.flow();
    bench.lab.request({ port: 40001, spec: { "tcp.seq_raw": 500, "tcp.flags": "S" } });
    expect(segment(bench.answer(flow))).to.deep.equal(["SA", 2_000_000, 501]);
    bench.lab.answer({ port: 40001, spec: { "tcp.seq_raw": 2_000_000, "tcp.flags": "SA" } });
    bench.lab.request({ port: 40001, spec: { "tcp.seq_raw": 501, "tcp.flags": "PA", payload: "GET" } });
    expect(segment(bench.answer(flow, { "tcp.flags": "PA", payload: "200" }))).to.deep.equal(["PA", 2_000_001, 504]);
  });

  it("answers as the model says: by NAT from the real server's own socket, else from the VIP's", () => {
    const sockets = (["nat", "dr", "tun"] as const).map((model) => {
      const bench = new Bench(model);
      const { ip, tcp, eth } = bench.answer(bench.flow());
      const gateway = eth?.dst === bench.lab.mac(model === "nat" ? "director" : "router", 1);
      return [ip?.src, tcp?.srcPort, ip?.dst, tcp?.dstPort, gateway];
    });
    expect(sockets).to.deep.equal([
      ["192.168.10.11", 8080, CLIENT, 40001, true],
      [VIP, 80, CLIENT, 40001, true],
      [VIP, 80, CLIENT, 40001, true],
    ]);
  });

  it("finds the real server that got the flow, inside a tunnel too", () => {
    const bench = new Bench("tun");
    bench.lab.request({ port: 40001, server: "rs2" });
    const { frames } = bench.lab.evidence();
    expect(serverOf(bench.flow(), frames, bench.lab.setup)?.name).to.equal("rs2");
    expect(serverOf(bench.flow(http, 40002), frames, bench.lab.setup)).to.equal(undefined);
  });

  it("quotes the answer that came to the client, at most 548 bytes of it", () => {
    const bench = new Bench();
    const flow = bench.flow(dns);
    bench.lab.request({ port: 40001, spec: { "udp.dstport": 53, payload: "question" } });
    bench.lab.answer({ port: 40001, spec: { "udp.srcport": 53, payload: "x".repeat(1000) } });
    const error = { "icmp.type": 3, "icmp.code": 3 };
    const { ip, bytes } = only(bench.request(flow, error, { quote: "a" }));
    expect([ip?.src, ip?.dst]).to.deep.equal([CLIENT, VIP]);
    const quoted = decode(bench.lab.evidence().frames.at(-1)?.bytes ?? new Uint8Array()).bytes.subarray(14, 14 + 548);
    expect(Buffer.from(bytes.subarray(14 + 20 + 8)).toString("hex")).to.equal(Buffer.from(quoted).toString("hex"));
  });

  it("quotes the request that came to the real server", () => {
    const bench = new Bench();
    bench.lab.request({ port: 40001 });
    const error = { "icmp.type": 3, "icmp.code": 1 };
    const { bytes } = bench.answer(bench.flow(), error, { quote: "a" });
    const request = bench.lab.evidence().frames.findLast(({ tap }) => tap === "rs1");
    expect(Buffer.from(bytes.subarray(42)).toString("hex")).to.equal(
      Buffer.from(request?.bytes.subarray(14) ?? []).toString("hex"),
    );
  });

  it("cuts into fragments, sent in order or the last one first", () => {
    const bench = new Bench();
    const fields = { "udp.length": undefined, payload: "y".repeat(100) };
    const offsets = (order: "forward" | "reversed") => {
      const { frames } = bench.request(bench.flow(dns), fields, { fragment: { size: 40, order } });
      const packets = frames.map((frame) => decode(frame));
      expect(reassemble(packets)?.payload).to.have.length(100);
      return packets.map(({ ip }) => ip?.fragmentOffset);
    };
    expect(offsets("forward")).to.deep.equal([0, 40, 80]);
    expect(offsets("reversed")).to.deep.equal([80, 40, 0]);
  });

  it("puts addresses in the place of names, those of an inner packet too", () => {
    const bench = new Bench();
    const { crafting, lab } = bench;
    expect(crafting.address("ip.dst", "vip")).to.equal(VIP);
    expect(crafting.address("eth.dst", "vip")).to.equal(lab.mac("director"));
    expect(crafting.address("eth.dst", "broadcast")).to.equal("ff:ff:ff:ff:ff:ff");
    expect(crafting.address("ip.dst", "broadcast")).to.equal("255.255.255.255");
    expect(crafting.address("ip.src#2", "rs2")).to.equal("10.0.0.12");
    expect(crafting.address("eth.src", "router/eth1")).to.equal(lab.mac("router", 1));
    // The NIC that the sender sees, where nothing else is said.
    expect(crafting.address("eth.dst", "router", crafting.host("rs1"))).to.equal(lab.mac("router", 1));
    expect(crafting.address("eth.dst", "router", crafting.host("client"))).to.equal(lab.mac("router", 0));
    expect(crafting.address("ip.src", "8.8.8.8")).to.equal("8.8.8.8");
    expect(crafting.address("ip.ttl", "rs1")).to.equal("rs1");
    expect(() => crafting.address("ip.src", "rs9")).to.throw("the setup has no host rs9");

    const tunnel = { inner: { "ip.src": "client", "ip.dst": "vip", "tcp.srcport": 1, "tcp.dstport": 80 } };
    const { ip, inner, tcp } = only(bench.request(bench.flow(), { "ip.dst": "rs1", ...tunnel }));
    expect([ip?.dst, inner?.ip?.src, inner?.ip?.dst, tcp]).to.deep.equal(["10.0.0.11", CLIENT, VIP, undefined]);
  });
});
