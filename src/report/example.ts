/** A run with one scenario of each verdict: what the tests of this folder render, and what the schema is held against. */

import type { PacketSpec } from "../packet/craft.js";
import { finding } from "./example-finding.js";
import { journey } from "./example-journey.js";
import type { HostResult, RunResult, ScenarioResult } from "./result.js";

const MAC = {
  client: "02:00:00:00:00:64",
  router: "02:00:00:00:00:fe",
  lan: "02:00:00:00:00:ff",
  director: "02:00:00:00:00:01",
  inside: "02:00:00:00:01:01",
  rs1: "02:00:00:00:00:11",
};

const host = (name: string, role: string, ...nics: [ip: string, mac: string][]): HostResult => ({
  name,
  role,
  nics: nics.map(([ip, mac], index) => ({
    name: `eth${index}`,
    tap: nics.length === 1 ? name : `${name}/eth${index}`,
    ip,
    prefix: 24,
    mac,
  })),
});

/** Sender and receiver on a wire. */
const between = (source: string, destination: string) => ({ "eth.src": source, "eth.dst": destination });

const request: PacketSpec = {
  ...between(MAC.client, MAC.router),
  "ip.src": "172.16.0.100",
  "ip.dst": "10.0.0.10",
  "ip.id": 0x1234,
  "ip.flags.df": true,
  "ip.ttl": 61,
  "tcp.srcport": 20001,
  "tcp.dstport": 80,
  "tcp.flags": "S",
  "tcp.seq_raw": 3735928559,
  "tcp.options": "020405b4",
};

const directRouting: ScenarioResult = {
  file: "cases/dr/arp.yaml",
  title: "Real servers keep quiet about the VIP",
  order: 1,
  verdict: "fail",
  durationMs: 42,
  models: { declared: "dr", observed: "none" },
  captured: {
    files: [
      { file: "director.pcap", taps: ["director"], frames: 12, foreign: 3, copies: 2 },
      {
        file: "rs1.pcap",
        taps: ["rs1"],
        frames: 4,
        foreign: 0,
        copies: 0,
        clock: { aheadNs: -3_000_000_000, driftNs: 25, uncertaintyNs: 1500, shared: 4 },
      },
    ],
    assumed: ["No frame tells the address of rs1 (02:00:00:00:00:11): 192.0.2.1 stands in its place."],
  },
  services: [{ vip: "10.0.0.10", port: 80, protocol: "tcp", model: "dr" }],
  hosts: [
    host("client", "client", ["172.16.0.100", MAC.client]),
    host("router", "router", ["172.16.0.254", MAC.router], ["10.0.0.254", MAC.lan]),
    host("director", "director", ["10.0.0.1", MAC.director]),
    host("rs1", "real-server", ["10.0.0.11", MAC.rs1]),
  ],
  findings: [
    finding("DR-ARP-05", { status: "pass", frames: [{ tap: "rs1", number: 4 }], covered: true }),
    finding("DR-ARP-02", {
      status: "fail",
      covered: true,
      position: { line: 3, column: 10 },
      suspect: "rs1",
      tap: "rs1",
      field: "arp.src.hw_mac",
      frames: [
        { tap: "rs1", number: 1 },
        { tap: "rs1", number: 2 },
      ],
      expected: "no answer of rs1 to who-has 10.0.0.10 before its answer for 10.0.0.11",
      observed: `10.0.0.10 is-at ${MAC.rs1}`,
      causes: [
        {
          id: "arp-ignore-not-effective",
          text: "arp_ignore is set on lo only; the kernel reads it from the NIC that the request came in by, and from all.",
          on: "rs1",
          confirm: "sysctl net.ipv4.conf.all.arp_ignore net.ipv4.conf.eth0.arp_ignore",
          fix: "sysctl -w net.ipv4.conf.all.arp_ignore=1",
        },
        {
          id: "vip-on-nic",
          text: "The VIP is held by eth0 instead of lo.",
          on: "rs1",
          confirm: "ip addr show to 10.0.0.10",
          fix: "ip addr del 10.0.0.10/32 dev eth0",
        },
      ],
    }),
    finding("DR-ARP-08", {
      status: "fail",
      position: { line: 5, column: 5 },
      suspect: "rs1",
      tap: "rs1",
      field: "eth.dst",
      frames: [
        { tap: "router/eth1", number: 5 },
        { tap: "rs1", number: 5 },
      ],
      expected: `${MAC.director} (director)`,
      observed: `${MAC.rs1} (rs1)`,
      causes: [{ id: "arp-hijack", text: "A real server answered for the VIP: see DR-ARP-02." }],
    }),
    finding("DR-REQ-07", {
      status: "not-exercised",
      covered: true,
      lookedFor: "an answer of a real server to a request",
      count: 0,
    }),
  ],
  journeys: [
    journey("tcp 172.16.0.100:20001 > 10.0.0.10:80 S", [
      { tap: "client", direction: "out", frame: 1, timeNs: 812_000, packet: request },
      { tap: "router/eth0", direction: "in", frame: 1, timeNs: 824_300, packet: request },
      {
        tap: "router/eth1",
        direction: "out",
        frame: 5,
        timeNs: 861_900,
        packet: { ...request, ...between(MAC.lan, MAC.rs1), "ip.ttl": 60 },
        violations: ["eth.dst"],
      },
      {
        tap: "rs1",
        direction: "in",
        frame: 5,
        timeNs: 874_100,
        packet: { ...request, ...between(MAC.lan, MAC.rs1), "ip.ttl": 60 },
      },
    ]),
  ],
  capture: "captures/dr-arp.pcapng",
  captureFrames: [
    { tap: "rs1", number: 1 },
    { tap: "router/eth1", number: 5 },
  ],
  fileText: "title: Real servers keep quiet about the VIP\n",
  reproduce: "hopcheck run cases/dr/arp.yaml --director ipvs",
};

const translated: PacketSpec = { ...request, ...between(MAC.client, MAC.director) };
const inside: PacketSpec = {
  ...request,
  ...between(MAC.inside, MAC.rs1),
  "ip.dst": "192.168.10.11",
  "ip.ttl": 60,
  "tcp.dstport": 8080,
};

const translation: ScenarioResult = {
  file: "cases/nat/request.yaml",
  title: "A request is translated to the real server's address and port",
  order: 2,
  verdict: "pass",
  durationMs: 1_310,
  models: { declared: "nat", observed: "nat" },
  hosts: [
    host("client", "client", ["172.16.0.100", MAC.client]),
    host("director", "director", ["172.16.0.1", MAC.director], ["192.168.10.1", MAC.inside]),
    host("rs1", "real-server", ["192.168.10.11", MAC.rs1]),
  ],
  findings: [
    finding("NAT-REQ-01", { status: "pass", covered: true, frames: [{ tap: "rs1", number: 1 }] }),
    finding("NAT-REQ-03", { status: "pass", covered: true, frames: [{ tap: "rs1", number: 1 }] }),
    finding("GEN-TTL-01", { status: "pass", frames: [{ tap: "rs1", number: 1 }] }),
  ],
  journeys: [
    journey("tcp 172.16.0.100:20001 > 10.0.0.10:80 S", [
      { tap: "client", direction: "out", frame: 1, timeNs: 0, packet: translated },
      { tap: "director/eth0", direction: "in", frame: 1, timeNs: 11_800, packet: translated },
      { tap: "director/eth1", direction: "out", frame: 1, timeNs: 49_500, packet: inside },
      { tap: "rs1", direction: "in", frame: 1, timeNs: 61_200, packet: inside },
    ]),
  ],
  capture: "captures/nat-request.pcapng",
  reproduce: "hopcheck run cases/nat/request.yaml --director ipvs",
};

const second: PacketSpec = { ...translated, "tcp.srcport": 20002 };
const { "eth.src": _source, "eth.dst": _destination, ...tunnelled } = second;

const tunnel: ScenarioResult = {
  file: "cases/tun/mtu.yaml",
  title: "A request too long for the tunnel is refused",
  order: 3,
  verdict: "inconclusive",
  durationMs: 10_004,
  models: { declared: "tun", observed: "tun" },
  log: { file: "logs/tun-mtu.log", end: "balancing 10.0.0.10:80\nrs2 does not answer" },
  problem: "The lab did not settle: rs2 answered no canary within 10 s.\nLast frame of rs2: #12, 10.002 s ago.",
  problemIn: "lab",
  problemAt: { line: 7, column: 5 },
  hosts: [
    host("client", "client", ["172.16.0.100", MAC.client]),
    host("director", "director", ["10.0.0.1", MAC.director]),
  ],
  findings: [
    finding("TUN-MTU-01", {
      status: "inconclusive",
      covered: true,
      lookedFor: "an ICMP 3/4 from the VIP to 172.16.0.100",
      count: 0,
    }),
    finding("TUN-ENC-02", {
      status: "declared",
      frames: [{ tap: "rs1", number: 3 }],
      field: "ip.src",
      expected: "10.0.0.1",
      observed: "172.31.7.9",
      reason: "the outer source is chosen per flow, so that routers spread flows",
    }),
    finding("TUN-ENC-09", { status: "not-supported", profile: "extended", count: 0 }),
  ],
  journeys: [
    journey("tcp 172.16.0.100:20002 > 10.0.0.10:80 S", [
      { tap: "client", direction: "out", frame: 3, timeNs: 2_000_000, packet: second },
      { tap: "director", direction: "in", frame: 2, timeNs: 2_014_000, packet: second },
      {
        tap: "director",
        direction: "out",
        frame: 3,
        timeNs: 2_051_000,
        from: 1,
        packet: {
          ...between(MAC.director, MAC.lan),
          "ip.src": "172.31.7.9",
          "ip.dst": "10.9.0.12",
          "ip.ttl": 60,
          inner: { ...tunnelled, "ip.ttl": 60 },
        },
      },
    ]),
  ],
  journeysLeftOut: 3,
  reproduce: "hopcheck run cases/tun/mtu.yaml --director ipvs",
};

const unsupported: ScenarioResult = {
  file: "cases/nat/sctp.yaml",
  title: "SCTP is translated with a checksum of its own",
  order: 4,
  verdict: "not-supported",
  durationMs: 0,
  models: { declared: "nat", observed: "none" },
  reason: "sctp: this director balances TCP and UDP only",
  hosts: [host("client", "client", ["172.16.0.100", MAC.client])],
  findings: [
    finding("NAT-SCTP-01", {
      status: "not-supported",
      profile: "extended",
      covered: true,
      reason: "sctp: this director balances TCP and UDP only",
      count: 0,
    }),
  ],
  journeys: [],
  reproduce: "hopcheck run cases/nat/sctp.yaml --director ipvs",
};

/** One scenario that fails, one that passes, one that is inconclusive, one that was not run. Every property of the result model occurs. */
export function exampleResult(): RunResult {
  return {
    schemaVersion: 1,
    tool: { name: "hopcheck", version: "0.1.0" },
    verdict: "fail",
    director: {
      name: "ipvs",
      implementation: {
        organization: "Linux",
        project: "IP Virtual Server",
        url: "http://www.linuxvirtualserver.org",
        version: "1.2.1",
        contact: ["lvs-devel@vger.kernel.org"],
      },
      kernel: "6.1.176",
      where: "user-mode-linux",
      models: ["nat", "dr", "tun"],
      features: ["ipv6", "weight"],
      lacks: { sctp: "this director balances TCP and UDP only" },
    },
    startedAt: "2025-11-23T07:12:45Z",
    durationMs: 17_420,
    profile: "extended",
    shard: { index: 1, count: 1 },
    reproduce: "hopcheck run --director ipvs --profile extended",
    scenarios: [directRouting, translation, tunnel, unsupported],
  };
}
