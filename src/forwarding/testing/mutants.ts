/** For every rule evidence that breaks it; what else fails with it is written down, so that blame stays exact. */

import { craftIp, type PacketSpec } from "../../packet/craft.js";
import { decode } from "../../packet/packet.js";
import type { Evidence } from "../evidence.js";
import type { Model } from "../setup.js";
import { CLIENT, DIP, PaperLab, type Request, VIP } from "./paper-lab.js";
import { clientError, echo, routed, sctp, serverError, session, stranger, tooLong, tunnelled } from "./traffic.js";

export interface Mutant {
  readonly rule: string;
  readonly name: string;
  /** Other rules that fail for the same fault. */
  readonly also?: readonly string[];
  evidence(): Evidence;
}

type Options = ConstructorParameters<typeof PaperLab>[1];

function mutant(rule: string, model: Model, name: string, play: (lab: PaperLab) => void, options?: Options): Mutant {
  return {
    rule,
    name: `${model}: ${name}`,
    evidence: () => {
      const lab = new PaperLab(model, options);
      play(lab);
      return lab.evidence();
    },
  };
}

/** One request whose copy differs. */
function request(rule: string, model: Model, name: string, options: Request): Mutant {
  return mutant(rule, model, name, (lab) => lab.request(options));
}

function inAll(rule: string, name: string, play: (lab: PaperLab) => void, options?: Options): Mutant[] {
  return (["nat", "dr", "tun"] as const).map((model) => mutant(rule, model, name, play, options));
}

/** An answer behind its request. */
function answer(
  rule: string,
  model: Model,
  name: string,
  options: Parameters<PaperLab["answer"]>[0],
  first: Request = {},
): Mutant {
  return mutant(rule, model, name, (lab) => {
    lab.request(first);
    lab.answer(options);
  });
}

/** A change of the client's packet, in the tunnel under TUN. */
function changed(model: Model, spec: PacketSpec): Request {
  return model === "tun" ? { inner: spec } : { out: spec };
}

const UDP = { "udp.dstport": 53, payload: "question" };
const TOO_LONG = { ...UDP, "ip.flags.df": true, payload: "x".repeat(1470) };
const WITHOUT_DISCOVERY = { service: { tunnel: { kind: "ipip", checksum: false, pmtuDiscovery: false } } } as const;
const LONG = { "udp.dstport": 53, "ip.id": 0x400, payload: "x".repeat(3000) };

const generic: readonly Mutant[] = [
  ...inAll("GEN-SVC-01", "two copies", (lab) => lab.request({ copies: 2 })),
  ...inAll("GEN-SVC-01", "a copy to each server", (lab) => {
    lab.request();
    lab.forward(lab.requestSpec({}), { server: "rs2" });
  }),
  ...inAll("GEN-SVC-01", "not forwarded", (lab) => lab.request({ copies: 0 })),
  ...inAll("GEN-SVC-02", "another port is forwarded", (lab) => lab.request({ spec: { "tcp.dstport": 81 } })),
  ...inAll("GEN-SVC-03", "UDP to the TCP port is forwarded", (lab) => lab.request({ spec: { "udp.dstport": 80 } })),
  ...inAll("GEN-SVC-04", "the DIP is balanced", (lab) => lab.request({ spec: { "ip.dst": DIP } })),
  ...inAll("GEN-SVC-05", "an echo request is forwarded", (lab) => {
    const ping = {
      "ip.src": CLIENT,
      "ip.dst": VIP,
      "ip.id": 5,
      "ip.ttl": 61,
      "icmp.type": 8,
      "icmp.ident": 7,
      payload: "ping",
    };
    lab.toDirector(ping);
    lab.forward(ping);
  }),
  ...inAll("GEN-SVC-05", "the reply has other data", (lab) => echo(lab, { payload: "pong" })),
  ...inAll("GEN-SVC-06", "an ACK without connection is scheduled", (lab) =>
    lab.request({ spec: { "tcp.flags": "A" } }),
  ),
  ...inAll("GEN-SVC-07", "a corrupt header is mended", (lab) => {
    lab.request({ spec: { "ip.checksum": 0x1111 }, copies: 0 });
    lab.forward(lab.requestSpec({}));
  }),
  ...(["nat", "dr", "tun"] as const).map((model) =>
    request("GEN-L4-01", model, "a wrong checksum is repaired", {
      spec: { "tcp.checksum": 0x1111 },
      ...changed(model, { "tcp.checksum": undefined }),
    }),
  ),
  ...(["nat", "dr", "tun"] as const).flatMap((model) =>
    [61, 59].map((ttl) => request("GEN-TTL-01", model, `TTL ${ttl} for 61`, changed(model, { "ip.ttl": ttl }))),
  ),
  answer("GEN-TTL-01", "nat", "TTL of the answer unchanged", { out: { "ip.ttl": 64 } }),
  ...inAll("GEN-TTL-02", "TTL 1 is forwarded", (lab) => lab.request({ spec: { "ip.ttl": 1 } })),
  ...inAll("GEN-FLOW-01", "a later packet goes elsewhere", (lab) => {
    lab.request();
    lab.request({ server: "rs2", spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 } });
  }),
  ...inAll("GEN-FLOW-01", "a later packet is not forwarded", (lab) => {
    lab.request();
    lab.request({ spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 }, copies: 0 });
  }),
  ...inAll("GEN-FLOW-02", "RST is swallowed", (lab) => {
    lab.request();
    lab.request({ spec: { "tcp.flags": "R", "tcp.seq_raw": 1001 }, copies: 0 });
  }),
  ...inAll("GEN-SCH-01", "a server is skipped", (lab) => {
    for (const [index, server] of (["rs1", "rs2", "rs2"] as const).entries())
      lab.request({ server, port: 40001 + index });
  }),
  ...inAll("GEN-SCH-03", "a drained server gets a new connection", (lab) => lab.request(), { weights: [0, 1] }),
  ...inAll("GEN-SCH-03", "draining cuts connections", (lab) => {
    lab.request();
    lab.weights(0, 1);
    lab.request({ spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 }, copies: 0 });
  }),
  ...inAll("GEN-SCH-04", "a drained server gets it after all", (lab) => lab.request(), { weights: [0, 0] }),
];

const natMutants: readonly Mutant[] = [
  request("NAT-REQ-01", "nat", "dst left at the VIP", { out: { "ip.dst": VIP } }),
  request("NAT-REQ-02", "nat", "source address replaced", { out: { "ip.src": "192.168.10.1" } }),
  request("NAT-REQ-02", "nat", "source port replaced", { out: { "tcp.srcport": 1024 } }),
  request("NAT-REQ-03", "nat", "port left", { out: { "tcp.dstport": 80 } }),
  request("NAT-REQ-04", "nat", "source MAC of the router", { out: { "eth.src": "02:00:00:00:00:fe" } }),
  request("NAT-REQ-05", "nat", "TTL set to 64", { out: { "ip.ttl": 64 } }),
  request("NAT-REQ-06", "nat", "header checksum wrong", { out: { "ip.checksum": 0x1111 } }),
  request("NAT-REQ-07", "nat", "checksum not adjusted", { out: { "tcp.checksum": 0x1111 } }),
  request("NAT-REQ-08", "nat", "ID changed", { out: { "ip.id": 1 } }),
  request("NAT-REQ-08", "nat", "DF set", { out: { "ip.flags.df": true } }),
  request("NAT-REQ-08", "nat", "ECN cleared", { out: { "ip.dsfield": 0x2c } }),
  request("NAT-REQ-09", "nat", "options overwritten", {
    spec: { "ip.options": "5e04abcd" },
    out: { "ip.options": "01010101" },
  }),
  request("NAT-REQ-09", "nat", "Record Route erased", {
    spec: { "ip.options": "070b080a0000050000000000" },
    out: { "ip.options": "070b04000000000000000000" },
  }),
  mutant("NAT-REQ-10", "nat", "verification tag of SCTP changed", (lab) => sctp(lab, 7), {
    service: { protocol: "sctp" },
  }),
  request("NAT-REQ-10", "nat", "MSS clamped", { out: { "tcp.options": "02040514" } }),
  request("NAT-REQ-10", "nat", "payload rewritten", {
    spec: { payload: `Host: ${VIP}` },
    out: { payload: "Host: 10.0.0.11" },
  }),
  request("NAT-REQ-11", "nat", "0 adjusted", { spec: { ...UDP, "udp.checksum": 0 }, out: { "udp.checksum": 0x1111 } }),
  answer("NAT-RSP-01", "nat", "source is the NIC's address", { out: { "ip.src": DIP } }),
  answer("NAT-RSP-01", "nat", "source port left", { out: { "tcp.srcport": 8080 } }),
  answer("NAT-RSP-02", "nat", "source MAC of the real server", { out: { "eth.src": "02:00:00:00:00:11" } }),
  answer("NAT-RSP-03", "nat", "TOS set", { out: { "ip.dsfield": 4 } }),
  answer("NAT-RSP-03", "nat", "checksum wrong", { out: { "tcp.checksum": 0x1111 } }),
  mutant(
    "NAT-RSP-04",
    "nat",
    "the server answers as the VIP by itself",
    (lab) => {
      lab.request();
      lab.answer({ sent: { "ip.src": VIP, "tcp.srcport": 80, "eth.dst": lab.mac("router", 1) } });
    },
    { arms: 1 },
  ),
  answer("NAT-RSP-05", "nat", "an answer leaves untranslated", {
    out: { "ip.src": "192.168.10.11", "tcp.srcport": 8080 },
  }),
  mutant("NAT-TUP-01", "nat", "another server's segment leaves as the VIP", (lab) => {
    lab.request({ server: "rs2" });
    stranger(lab, { "ip.src": VIP, "tcp.srcport": 80 });
  }),
  mutant("NAT-TOP-01", "nat", "gateway is another host that drops", (lab) => {
    lab.request();
    lab.answer({ sent: { "eth.dst": lab.mac("rs2") }, forwarded: false });
  }),
  mutant(
    "NAT-TOP-02",
    "nat",
    "the answer reaches the client by another router",
    (lab) => {
      lab.request();
      lab.answer({ sent: { "eth.dst": lab.mac("router", 1) } });
    },
    { arms: 1 },
  ),
  mutant("NAT-TOP-04", "nat", "answers are not forwarded", (lab) => {
    lab.request();
    lab.answer({ forwarded: false });
  }),
  mutant("NAT-ARP-01", "nat", "who-has RIP tell VIP", (lab) =>
    lab.resolve("director/eth1", VIP, lab.ip("rs1"), lab.mac("director", 1)),
  ),
  mutant("NAT-ICMP-01", "nat", "only the outside translated", (lab) => {
    lab.request({ spec: UDP });
    serverError(lab, 40001, "rs1", {}, { "ip.dst": lab.ip("rs1"), "udp.dstport": 5353 });
  }),
  mutant("NAT-ICMP-01", "nat", "another length quoted", (lab) => {
    lab.request({ spec: UDP });
    serverError(lab, 40001, "rs1", {}, { "udp.length": 9 });
  }),
  mutant("NAT-ICMP-01", "nat", "about a request to another server, and yet translated", (lab) => {
    lab.request({ server: "rs2", spec: UDP });
    serverError(lab, 40001, "rs1");
  }),
  mutant("NAT-ICMP-02", "nat", "to the other server", (lab) => {
    session(lab, 40001, "rs1");
    clientError(lab, 40001, "rs2");
  }),
  mutant("NAT-ICMP-02", "nat", "another sequence number quoted", (lab) => {
    session(lab, 40001, "rs1");
    const ends = { "ip.src": lab.ip("rs1"), "ip.dst": CLIENT, "tcp.srcport": 8080, "tcp.dstport": 40001 };
    clientError(lab, 40001, "rs1", { quoted: craftIp({ ...ends, "ip.id": 0x4321, "tcp.seq_raw": 77 }) });
  }),
  mutant("NAT-ICMP-02", "nat", "about a connection that nobody has, and yet forwarded", (lab) =>
    clientError(lab, 40001, "rs1"),
  ),
  mutant(
    "NAT-MTU-01",
    "nat",
    "the quote names the RIP",
    (lab) => tooLong(lab, { quoted: { "ip.dst": lab.ip("rs1"), "udp.dstport": 5353 } }),
    { mtu: 1300 },
  ),
  mutant("NAT-MTU-01", "nat", "black hole", (lab) => tooLong(lab, { refused: false }), { mtu: 1300 }),
  mutant("NAT-FRAG-01", "nat", "only the first fragment is translated", (lab) => {
    const spec = lab.requestSpec({ spec: LONG });
    lab.toDirector(spec, { fragment: 1200 });
    const copy = new PaperLab("nat");
    copy.forward(spec, { fragment: 1200 });
    for (const [index, frame] of copy
      .evidence()
      .frames.filter(({ direction }) => direction === "out")
      .entries()) {
      const bytes = frame.bytes.slice();
      if (index > 0) bytes.set([10, 0, 0, 10], 30);
      lab.record("director/eth1", "out", bytes);
      lab.record("rs1", "in", bytes);
    }
  }),
];

function asked(rule: string, name: string, options: Parameters<PaperLab["ask"]>[2]): Mutant {
  return mutant(rule, "dr", name, (lab) => {
    lab.ask("rs1", VIP, options);
    lab.ask("rs1", lab.ip("rs1"));
  });
}

const drMutants: readonly Mutant[] = [
  request("DR-REQ-01", "dr", "dst is the RIP", { out: { "ip.dst": "10.0.0.11" } }),
  request("DR-REQ-02", "dr", "source MAC kept", { out: { "eth.src": "02:00:00:00:00:fe" } }),
  request("DR-REQ-03", "dr", "ID changed", { out: { "ip.id": 1 } }),
  request("DR-REQ-03", "dr", "header checksum wrong", { out: { "ip.checksum": 0x1111 } }),
  request("DR-REQ-03", "dr", "TTL set to 64", { out: { "ip.ttl": 64 } }),
  request("DR-REQ-04", "dr", "MSS clamped", { out: { "tcp.options": "02040514" } }),
  request("DR-REQ-04", "dr", "UDP 0 filled in", {
    spec: { ...UDP, "udp.checksum": 0 },
    out: { "udp.checksum": undefined },
  }),
  request("DR-REQ-05", "dr", "port mapped", { out: { "tcp.dstport": 8080 } }),
  mutant("DR-REQ-06", "dr", "redirect", (lab) => {
    lab.request();
    const quoted = craftIp({ ...lab.requestSpec({}) });
    const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
    lab.wire("director", "router/eth1", {
      ...macs,
      "ip.src": DIP,
      "ip.dst": CLIENT,
      "icmp.type": 5,
      "icmp.code": 1,
      quoted,
    });
  }),
  answer("DR-RSP-01", "dr", "answers from the RIP", { spec: { "ip.src": "10.0.0.11" } }),
  answer(
    "DR-RSP-02",
    "dr",
    "UDP answers from the RIP",
    { spec: { "udp.srcport": 53, "ip.src": "10.0.0.11" } },
    { spec: UDP },
  ),
  mutant("DR-RSP-03", "dr", "gateway is another server", (lab) => {
    lab.request();
    lab.answer({ sent: { "eth.dst": lab.mac("rs2") }, forwarded: false });
  }),
  mutant("DR-RSP-03", "dr", "one hop more than there are routers", (lab) => {
    lab.request();
    lab.answer({ forwarded: false });
    const ends = { "ip.src": VIP, "ip.dst": CLIENT, "tcp.srcport": 80, "tcp.dstport": 40001 };
    const segment = { "tcp.flags": "SA", "tcp.seq_raw": 9000, "tcp.ack_raw": 1001 };
    lab.routeToClient({ ...ends, ...segment, "ip.id": 0x4321, "ip.ttl": 63 });
  }),
  mutant("DR-RSP-04", "dr", "gateway is the director", (lab) => {
    lab.request();
    lab.answer({ sent: { "eth.dst": lab.mac("director") } });
  }),
  mutant("DR-RS-01", "dr", "no answer", (lab) => lab.request(), { answers: "echo" }),
  mutant("DR-RS-02", "dr", "the request is sent back", (lab) => {
    lab.request();
    lab.wire("rs1", "director", {
      ...lab.requestSpec({}),
      "eth.src": lab.mac("rs1"),
      "eth.dst": lab.mac("director"),
      "ip.ttl": 59,
    });
    lab.forward({ ...lab.requestSpec({}), "ip.ttl": 59 });
  }),
  mutant("DR-RS-03", "dr", "an address that nobody has is answered", (lab) => {
    lab.ask("rs1", "10.0.0.99", { sender: "192.0.2.1" });
    lab.ask("rs1", lab.ip("rs1"));
  }),
  mutant("DR-ARP-01", "dr", "no answer", (lab) => lab.ask("director", VIP, { answer: false })),
  mutant("DR-ARP-01", "dr", "another MAC", (lab) => lab.ask("director", VIP, { answer: "02:00:00:00:00:77" })),
  asked("DR-ARP-02", "broadcast answered", {}),
  asked("DR-ARP-03", "unicast answered", { unicast: true }),
  asked("DR-ARP-04", "probe answered", { sender: "0.0.0.0" }),
  asked("DR-ARP-04", "stranger answered", { sender: "192.0.2.1" }),
  mutant("DR-ARP-05", "dr", "RIP not answered", (lab) => lab.ask("rs1", lab.ip("rs1"), { answer: false })),
  mutant("DR-ARP-06", "dr", "who-has gateway tell VIP", (lab) => lab.resolve("rs1", VIP, "10.0.0.254", lab.mac("rs1"))),
  mutant("DR-ARP-07", "dr", "VIP announced", (lab) => lab.resolve("rs1", VIP, VIP, lab.mac("rs1"))),
  mutant("DR-ARP-08", "dr", "the router sends to a real server", (lab) => {
    const macs = { "eth.src": lab.mac("router", 1), "eth.dst": lab.mac("rs1") };
    lab.wire("router/eth1", "rs1", { ...lab.requestSpec({}), ...macs });
  }),
  mutant("DR-ARP-09", "dr", "who-has RIP tell VIP", (lab) =>
    lab.resolve("director", VIP, lab.ip("rs1"), lab.mac("director")),
  ),
  mutant("DR-ICMP-01", "dr", "to the other server", (lab) => {
    lab.request();
    clientError(lab, 40001, "rs2");
  }),
  mutant("DR-ICMP-01", "dr", "about a flow that nobody has, and yet forwarded", (lab) =>
    clientError(lab, 40001, "rs1"),
  ),
  mutant("DR-MTU-01", "dr", "black hole", (lab) => tooLong(lab, { refused: false }), { mtu: 1300, arms: 2 }),
  mutant("DR-MTU-01", "dr", "what just fits is refused", (lab) => {
    const payload = "x".repeat(1500 - 28);
    lab.toDirector(lab.requestSpec({ spec: { ...UDP, "ip.flags.df": true, payload } }));
  }),
  mutant("DR-FRAG-01", "dr", "a fragment to another server", (lab) => {
    const spec = lab.requestSpec({ spec: LONG });
    lab.toDirector(spec, { fragment: 1200 });
    const copy = new PaperLab("dr");
    copy.forward(spec, { fragment: 1200 });
    for (const [index, frame] of copy
      .evidence()
      .frames.filter(({ direction }) => direction === "out")
      .entries()) {
      const bytes = frame.bytes.slice();
      if (index > 0) bytes.set([2, 0, 0, 0, 0, 0x12], 0);
      lab.record("director", "out", bytes);
      lab.record(index > 0 ? "rs2" : "rs1", "in", bytes);
    }
  }),
];

const tunMutants: readonly Mutant[] = [
  request("TUN-ENC-01", "tun", "outer dst is the VIP", { out: { "ip.dst": VIP } }),
  request("TUN-ENC-02", "tun", "outer src is the VIP", { out: { "ip.src": VIP } }),
  request("TUN-ENC-03", "tun", "inner options copied outward", { out: { "ip.options": "5e04abcd" } }),
  request("TUN-ENC-03", "tun", "outer checksum wrong", { out: { "ip.checksum": 0x1111 } }),
  mutant("TUN-ENC-03", "tun", "not encapsulated", (lab) => {
    const spec = lab.requestSpec({});
    lab.toDirector(spec);
    lab.wire("director", "rs1", { ...spec, "eth.src": lab.mac("director"), "eth.dst": lab.mac("rs1"), "ip.ttl": 60 });
  }),
  request("TUN-ENC-04", "tun", "inner dst is the RIP", { inner: { "ip.dst": "10.0.0.11" } }),
  request("TUN-ENC-04", "tun", "inner ID changed", { inner: { "ip.id": 1 } }),
  request("TUN-ENC-05", "tun", "inner TTL set to 255", { inner: { "ip.ttl": 255 } }),
  mutant("TUN-ENC-05", "tun", "a router decrements the inner TTL", (lab) => routed(lab, { inner: 59, outer: 59 }), {
    routed: true,
  }),
  request("TUN-ENC-06", "tun", "outer TTL 0", { out: { "ip.ttl": 0 } }),
  request("TUN-ENC-07", "tun", "DF not copied", { spec: { "ip.flags.df": true }, out: { "ip.flags.df": false } }),
  mutant("TUN-ENC-08", "tun", "constant ID", (lab) => {
    lab.request({ out: { "ip.id": 1 } });
    lab.request({ out: { "ip.id": 1 }, spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 } });
  }),
  request("TUN-ENC-09", "tun", "TOS zeroed", { out: { "ip.dsfield": 0 } }),
  request("TUN-ENC-10", "tun", "sent to the router", { out: { "eth.dst": "02:00:00:00:00:fe" } }),
  request("TUN-ENC-11", "tun", "port mapped", { inner: { "tcp.dstport": 8080 } }),
  request("TUN-MTU-05", "tun", "MSS clamped", { inner: { "tcp.options": "02040514" } }),
  mutant("TUN-MTU-01", "tun", "MTU of the NIC, not of the tunnel", (lab) => tooLong(lab, { mtu: 1500 })),
  mutant("TUN-MTU-01", "tun", "black hole", (lab) => tooLong(lab, { refused: false })),
  mutant("TUN-MTU-02", "tun", "a fragment is missing", (lab) => {
    const spec = lab.requestSpec({ spec: { ...UDP, payload: "x".repeat(1470) } });
    lab.toDirector(spec);
    const copy = new PaperLab("tun");
    copy.forward(spec, { fragment: 800 });
    const [first] = copy.evidence().frames.filter(({ direction }) => direction === "out");
    if (first !== undefined) lab.record("director", "out", first.bytes);
  }),
  mutant(
    "TUN-RS-01",
    "tun",
    "no tunnel device",
    (lab) => {
      lab.request();
      const arrived = lab.evidence().frames.at(-1)?.packet.ip;
      const quoted = arrived?.bytes.slice(arrived.offset, arrived.offset + 28);
      const macs = { "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("director") };
      lab.wire("rs1", "director", {
        ...macs,
        "ip.src": lab.ip("rs1"),
        "ip.dst": DIP,
        "icmp.type": 3,
        "icmp.code": 2,
        quoted,
      });
    },
    { answers: "echo" },
  ),
  mutant(
    "TUN-RS-01",
    "tun",
    "a service that is open answers with a RST",
    (lab) => {
      lab.request();
      lab.answer({ spec: { "tcp.flags": "RA" } });
    },
    { answers: "echo" },
  ),
  mutant(
    "TUN-MTU-03",
    "tun",
    "sent whole, larger than the MTU",
    (lab) => lab.request({ spec: TOO_LONG, out: { "ip.flags.df": false } }),
    WITHOUT_DISCOVERY,
  ),
  mutant(
    "TUN-MTU-03",
    "tun",
    "DF in the fragments outside",
    (lab) => {
      const copy = new PaperLab("tun");
      copy.forward(lab.requestSpec({ spec: TOO_LONG }), { fragment: 800, out: { "ip.flags.df": false, "ip.id": 9 } });
      lab.toDirector(lab.requestSpec({ spec: TOO_LONG }));
      for (const { tap, direction, bytes } of copy.evidence().frames) {
        const { ip4 } = decode(bytes);
        if (ip4 !== undefined) ip4.df = true;
        ip4?.updateChecksum();
        lab.record(tap, direction, bytes);
      }
    },
    WITHOUT_DISCOVERY,
  ),
  answer("TUN-RS-02", "tun", "answers from the RIP", { spec: { "ip.src": "10.0.0.11" } }),
  mutant("TUN-RS-02", "tun", "answers through the tunnel", (lab) => {
    lab.request();
    const inner = { "ip.src": VIP, "ip.dst": CLIENT, "tcp.srcport": 80, "tcp.dstport": 40001, "tcp.flags": "SA" };
    const macs = { "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("director") };
    lab.wire("rs1", "director", { ...macs, "ip.src": lab.ip("rs1"), "ip.dst": DIP, inner });
  }),
  mutant("TUN-RS-03", "tun", "gateway is the director", (lab) => {
    lab.request();
    lab.answer({ sent: { "eth.dst": lab.mac("director") } });
  }),
  mutant("TUN-RS-04", "tun", "no answer", (lab) => lab.request(), { answers: "echo" }),
  mutant("TUN-RS-05", "tun", "who-has VIP answered", (lab) => lab.ask("rs1", VIP)),
  mutant("TUN-RS-05", "tun", "VIP announced", (lab) => lab.resolve("rs1", VIP, VIP, lab.mac("rs1"))),
  mutant("TUN-RS-06", "tun", "the inner packet is sent back", (lab) => {
    lab.request();
    for (const ttl of [59, 57]) {
      const back = { ...lab.requestSpec({}), "ip.ttl": ttl };
      lab.wire("rs1", "director", { ...back, "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("director") });
      lab.forward(back);
    }
  }),
  mutant("TUN-FRAG-01", "tun", "not forwarded", (lab) =>
    lab.toDirector(lab.requestSpec({ spec: LONG }), { fragment: 1200 }),
  ),
  mutant("TUN-SEC-02", "tun", "a tunnelled request is taken out and balanced", (lab) => lab.forward(tunnelled(lab))),
  mutant("TUN-ICMP-01", "tun", "to the other server", (lab) => {
    lab.request();
    clientError(lab, 40001, "rs2");
  }),
  mutant("TUN-ICMP-01", "tun", "about a flow that nobody has, and yet forwarded", (lab) =>
    clientError(lab, 40001, "rs1"),
  ),
];

export const mutants: readonly Mutant[] = [...generic, ...natMutants, ...drMutants, ...tunMutants];
