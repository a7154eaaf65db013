/** Traffic that exercises every rule of a model and breaks none. */

import { craftIp, type PacketSpec } from "../../packet/craft.js";
import type { Model } from "../setup.js";
import { CLIENT, DIP, PaperLab, VIP } from "./paper-lab.js";

const LONG = "x".repeat(3001);

/** The evidence of several scenarios, each a lab of its own. */
export function exchange(model: Model): PaperLab[] {
  const labs = [flows(model), weights(model), outsiders(model), large(model), arp(model)];
  if (model !== "tun") return labs;
  const behindRouter = new PaperLab(model, { routed: true });
  routed(behindRouter, { inner: 60, outer: 59 });
  return [...labs, behindRouter];
}

function flows(model: Model): PaperLab {
  const lab = new PaperLab(model, { answers: "echo" });
  for (const [index, server] of (["rs2", "rs1", "rs2", "rs1"] as const).entries()) {
    session(lab, 40001 + index, server);
  }
  for (const [index, server] of (["rs1", "rs2"] as const).entries()) {
    const port = 42001 + index;
    lab.request({ server, port, spec: { "udp.dstport": 53, payload: "question" } });
    lab.answer({ server, port, spec: { "udp.srcport": model === "nat" ? 5353 : 53, payload: "answer" } });
  }
  const zero = { "udp.checksum": 0, payload: "no checksum" };
  lab.request({ server: "rs1", port: 42001, spec: { ...zero, "udp.dstport": 53 } });
  lab.request({
    server: "rs1",
    port: 40002,
    spec: { "tcp.flags": "PA", "tcp.checksum": 0x1111, payload: "bad" },
    ...wrongChecksum(model),
  });
  clientError(lab, 40001, "rs2");
  if (model === "nat") {
    serverError(lab, 42001, "rs1");
    stranger(lab);
  }
  return lab;
}

/** What came in wrong leaves wrong. */
function wrongChecksum(model: Model) {
  return model === "nat" ? { out: { "tcp.checksum": 0x3127 } } : {};
}

export function session(lab: PaperLab, port: number, server: "rs1" | "rs2"): void {
  lab.request({ server, port, spec: { "tcp.flags": "S" } });
  lab.answer({ server, port });
  lab.request({ server, port, spec: { "tcp.flags": "PA", "tcp.seq_raw": 1001, payload: "GET / HTTP/1.0" } });
  lab.answer({ server, port, spec: { "tcp.flags": "PA", payload: "200" } });
  lab.request({ server, port, spec: { "tcp.flags": "FA", "tcp.seq_raw": 1015 } });
  lab.answer({ server, port, spec: { "tcp.flags": "FA" } });
}

/** An ICMP error of a router about an answer. */
export function clientError(
  lab: PaperLab,
  port: number,
  server: "rs1" | "rs2",
  out: PacketSpec = {},
  inner: PacketSpec = {},
): void {
  const quote = (src: string, sport: number) =>
    craftIp({ "ip.src": src, "ip.dst": CLIENT, "ip.id": 0x4321, "tcp.srcport": sport, "tcp.dstport": port });
  const error = {
    "ip.src": "172.16.0.200",
    "ip.dst": VIP,
    "ip.id": 0x77,
    "ip.ttl": 61,
    "icmp.type": 3,
    "icmp.code": 4,
    "icmp.mtu": 1300,
  };
  lab.toDirector({ ...error, quoted: quote(VIP, 80) });
  const translated = lab.model === "nat" ? { "ip.dst": lab.ip(server), quoted: quote(lab.ip(server), 8080) } : {};
  lab.forward({ ...error, quoted: quote(VIP, 80) }, { server, out: { ...translated, ...out }, inner });
}

/** Port unreachable of a real server about a datagram. */
export function serverError(
  lab: PaperLab,
  port: number,
  server: "rs1" | "rs2",
  out: PacketSpec = {},
  quoted: PacketSpec = {},
): void {
  const quote = (dst: string, dport: number, changed: PacketSpec = {}) =>
    craftIp({
      "ip.src": CLIENT,
      "ip.dst": dst,
      "ip.id": 0x1234,
      "udp.srcport": port,
      "udp.dstport": dport,
      ...changed,
    });
  const error = {
    "eth.src": lab.mac(server),
    "eth.dst": lab.mac("director", 1),
    "ip.src": lab.ip(server),
    "ip.dst": CLIENT,
    "ip.id": 0x99,
    "ip.ttl": 64,
    "icmp.type": 3,
    "icmp.code": 3,
  };
  lab.wire(server, "director/eth1", { ...error, quoted: quote(lab.ip(server), 5353) });
  const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
  const translated = { ...error, ...macs, "ip.src": VIP, "ip.ttl": 63, quoted: quote(VIP, 53, quoted), ...out };
  lab.wire("director/eth0", "router/eth1", translated);
  lab.routeToClient(translated);
}

/** A segment of a real server that the connection is not with: forwarded as it is. */
export function stranger(lab: PaperLab, out: PacketSpec = {}): void {
  lab.answer({
    server: "rs1",
    port: 40001,
    spec: { "tcp.flags": "R", "ip.id": 0x55 },
    out: { "ip.src": lab.ip("rs1"), "tcp.srcport": 8080, ...out },
  });
}

function weights(model: Model): PaperLab {
  const lab = new PaperLab(model);
  lab.request({ port: 43001, server: "rs1" });
  lab.weights(0, 1);
  lab.request({ port: 43001, server: "rs1", spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 } });
  lab.request({ port: 43002, server: "rs2" });
  lab.weights(0, 0);
  lab.request({ port: 43003, copies: 0 });
  return lab;
}

function outsiders(model: Model): PaperLab {
  const lab = new PaperLab(model);
  lab.request({ port: 44001, spec: { "tcp.dstport": 81 }, copies: 0 });
  lab.request({ port: 44002, spec: { "udp.dstport": 80 }, copies: 0 });
  lab.request({ port: 44003, spec: { "ip.dst": DIP }, copies: 0 });
  lab.request({ port: 44004, spec: { "tcp.flags": "A" }, copies: 0 });
  lab.request({ port: 44005, spec: { "ip.checksum": 0x1111 }, copies: 0 });
  lab.request({ port: 44006, spec: { "ip.ttl": 1 }, copies: 0 });
  if (model === "tun") tunnelled(lab);
  echo(lab);
  return lab;
}

/** A stranger's tunnel that ends at the VIP, a request inside. */
export function tunnelled(lab: PaperLab, port = 44007): PacketSpec {
  const inner = lab.requestSpec({ port });
  lab.toDirector({ "ip.src": "172.16.0.66", "ip.dst": VIP, "ip.ttl": 61, "ip.id": 3, inner });
  return inner;
}

export function echo(lab: PaperLab, reply: PacketSpec = {}): void {
  const common = { "icmp.ident": 7, "icmp.seq": 1, payload: "ping" };
  lab.toDirector({ "ip.src": CLIENT, "ip.dst": VIP, "ip.id": 5, "icmp.type": 8, ...common });
  const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
  const sent = { ...macs, "ip.src": VIP, "ip.dst": CLIENT, "ip.id": 6, "icmp.type": 0, ...common, ...reply };
  lab.wire(lab.model === "nat" ? "director/eth0" : "director", "router/eth1", sent);
}

function large(model: Model): PaperLab {
  const lab = new PaperLab(model, model === "tun" ? {} : { mtu: 1300, arms: 2 });
  const udp = { "udp.dstport": 53, payload: LONG };
  tooLong(lab);
  for (const [index, reversed] of [false, true].entries()) {
    lab.request({
      port: 45001 + index,
      server: index === 0 ? "rs2" : "rs1",
      spec: { ...udp, "ip.id": 0x400 + index },
      fragment: 1200,
      reversed,
    });
  }
  lab.request({ port: 45003, spec: { "tcp.options": "01010101", "ip.options": "5e04abcd", "ip.flags.df": true } });
  lab.request({ port: 45004, server: "rs2", spec: { "tcp.options": "01010101", "ip.id": 0x99 } });
  return lab;
}

/** Requests that fit the client's side and not the real servers'. */
export function tooLong(
  lab: PaperLab,
  options: { mtu?: number; quoted?: PacketSpec; forwarded?: boolean; refused?: boolean } = {},
): void {
  const size = lab.model === "tun" ? 1470 : 1400;
  const spec = lab.requestSpec({
    port: 45010,
    spec: { "ip.flags.df": true, "udp.dstport": 53, "ip.id": 0x600, payload: "y".repeat(size) },
  });
  lab.toDirector(spec);
  if (options.forwarded) lab.forward(spec);
  if (options.refused !== false) {
    const { "ip.ttl": _, ...quote } = spec;
    const mtu = options.mtu ?? (lab.model === "tun" ? 1480 : 1300);
    const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
    const error = { ...macs, "ip.src": VIP, "ip.dst": CLIENT, "icmp.type": 3, "icmp.code": 4, "icmp.mtu": mtu };
    const quoted = craftIp({ ...quote, ...options.quoted });
    lab.wire(lab.model === "tun" ? "director" : "director/eth0", "router/eth1", { ...error, quoted });
  }
  const cut = { "udp.dstport": 53, "ip.id": 0x601, payload: "z".repeat(size) };
  const whole = lab.requestSpec({ port: 45011, spec: cut });
  lab.toDirector(whole);
  lab.forward(whole, { fragment: 1200 });
}

function arp(model: Model): PaperLab {
  const lab = new PaperLab(model);
  const isNat = model === "nat";
  lab.ask("director", VIP, { tap: isNat ? "director/eth0" : "director" });
  for (const server of ["rs1", "rs2"] as const) {
    lab.resolve(
      isNat ? "director/eth1" : "director",
      isNat ? "192.168.10.1" : DIP,
      lab.ip(server),
      lab.mac("director", isNat ? 1 : 0),
    );
    if (isNat) continue;
    for (const options of [{}, { unicast: true }, { sender: "0.0.0.0" }, { sender: "192.0.2.1" }]) {
      lab.ask(server, VIP, { ...options, answer: false });
      lab.ask(server, lab.ip(server));
    }
    lab.ask(server, "10.0.0.99", { sender: "192.0.2.1", answer: false });
    lab.ask(server, lab.ip(server));
    lab.request({ server, port: 46000 + Number(server.at(-1)) });
    lab.resolve(server, lab.ip(server), "10.0.0.254", lab.mac(server));
    lab.answer({ server, port: 46000 + Number(server.at(-1)) });
  }
  return lab;
}

/** A tunnelled request to a real server behind the router. */
export function routed(lab: PaperLab, ttl: { inner: number; outer: number }): void {
  const spec = lab.requestSpec({});
  const outer = { "ip.src": DIP, "ip.dst": lab.ip("rs2"), "ip.id": 0x700, "ip.dsfield": 0x2e };
  lab.toDirector(spec);
  const sent = { ...outer, "ip.ttl": 60, inner: { ...spec, "ip.ttl": 60 } };
  lab.wire("director", "router/eth1", { ...sent, "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) });
  const further = { ...outer, "ip.ttl": ttl.outer, inner: { ...spec, "ip.ttl": ttl.inner } };
  lab.wire("router/eth2", "rs2", { ...further, "eth.src": lab.mac("router", 2), "eth.dst": lab.mac("rs2") });
}

/** The begin of an SCTP association under NAT; with the verification tag with which it is to leave. */
export function sctp(lab: PaperLab, tag = 0): void {
  const ends = { "ip.src": CLIENT, "ip.dst": VIP, "ip.id": 0x1234, "ip.ttl": 61 };
  const init = { ...ends, "sctp.srcport": 40001, "sctp.dstport": 80 };
  lab.toDirector(init);
  lab.forward(init, { out: { "sctp.dstport": 8080, "sctp.verification_tag": tag } });
}
