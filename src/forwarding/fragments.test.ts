/** Every fragment is held against the rules as the first one is: checksum, TTL, TOS and DF of each. */

import { expect } from "chai";
import { craft, type PacketSpec } from "../packet/craft.js";
import { fragment } from "../packet/fragment.js";
import type { Ipv4 } from "../packet/ipv4.js";
import { decode } from "../packet/packet.js";
import { catalogue } from "./catalogue.js";
import { judge } from "./judge.js";
import type { ForwardingModel } from "./setup.js";
import { CLIENT, DIP, PaperLab } from "./testing/paper-lab.js";

const MODELS = ["nat", "dr", "tun"] as const;
const SIZE = 800;
const LONG = { "udp.dstport": 53, "ip.id": 0x400, payload: "x".repeat(2000) };

type Edit = (ip: Ipv4) => void;

const asIs: Edit = () => undefined;

const withTtl =
  (ttl: number): Edit =>
  (ip) => {
    ip.ttl = ttl;
    ip.updateChecksum();
  };

const withoutTos: Edit = (ip) => {
  ip.tos = 0;
  ip.updateChecksum();
};

const withDf: Edit = (ip) => {
  ip.df = true;
  ip.updateChecksum();
};

const withWrongChecksum: Edit = (ip) => {
  ip.checksum ^= 0x1111;
};

/** The rules that fall, and what they say they saw. */
function broken(lab: PaperLab): string[] {
  const failed = judge(lab.evidence(), catalogue).filter(({ status }) => status === "fail");
  for (const { rule, frames, causes } of failed) {
    expect(frames, rule).to.not.be.empty;
    expect(causes, rule).to.not.be.empty;
  }
  return failed.map(({ rule, field, observed }) => `${rule} ${field} ${observed}`);
}

/** What another lab sent, with the last fragment that left there changed. */
function record(
  lab: PaperLab,
  sent: PaperLab,
  to: string,
  edit: Edit,
  headerOf: (bytes: Uint8Array) => Ipv4 | undefined,
) {
  const outs = sent.evidence().frames.filter(({ host, direction }) => host === "director" && direction === "out");
  expect(outs.length).to.be.greaterThan(1);
  for (const [index, { tap, bytes: before }] of outs.entries()) {
    const bytes = before.slice();
    const ip = headerOf(bytes);
    if (index === outs.length - 1 && ip !== undefined) edit(ip);
    lab.record(tap, "out", bytes);
    lab.record(to, "in", bytes);
  }
}

/** A request that leaves in fragments: as it came, or cut by the director. */
function request(
  model: ForwardingModel,
  edit: Edit,
  cameIn: "fragments" | "whole" = "fragments",
  size = SIZE,
): PaperLab {
  const [lab, sent] = [new PaperLab(model), new PaperLab(model)];
  const spec = lab.requestSpec({ spec: LONG });
  lab.toDirector(spec, cameIn === "whole" ? {} : { fragment: SIZE });
  sent.forward(spec, { fragment: size });
  record(lab, sent, "rs1", edit, (bytes) => decode(bytes).ip4);
  return lab;
}

/** Under TUN: each fragment in a tunnel header of its own (RFC 2003 §3.1). */
function inOwnTunnels(edit: Edit, arrived: Edit = asIs): PaperLab {
  const lab = new PaperLab("tun");
  const spec = lab.requestSpec({ spec: LONG });
  lab.toDirector(spec, { fragment: SIZE });
  const pieces = fragment(craft({ ...spec, "ip.ttl": 60 }), SIZE);
  for (const [index, piece] of pieces.entries()) {
    const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("rs1") };
    const outer = { "ip.src": DIP, "ip.dst": lab.ip("rs1"), "ip.ttl": 60, "ip.dsfield": 0x2e, "ip.id": 0x700 + index };
    const bytes = craft({ ...macs, ...outer, "ip.proto": 4, payload: piece.subarray(14) });
    const isLast = index === pieces.length - 1;
    const inner = decode(bytes).inner?.ip4;
    if (isLast && inner !== undefined) edit(inner);
    lab.record("director", "out", bytes.slice());
    if (isLast && inner !== undefined) arrived(inner);
    lab.record("rs1", "in", bytes.slice());
  }
  return lab;
}

/** Under NAT: an answer that comes and leaves in fragments. */
function answer(edit: Edit): PaperLab {
  const [lab, sent] = [new PaperLab("nat"), new PaperLab("nat")];
  lab.request({ spec: { "udp.dstport": 53, payload: "question" } });
  const own = { "ip.src": lab.ip("rs1"), "udp.srcport": 5353, "ip.ttl": 64, "eth.src": lab.mac("rs1") };
  const common: PacketSpec = {
    "ip.dst": CLIENT,
    "ip.id": 0x4321,
    "ip.dsfield": 4,
    "udp.dstport": 40001,
    payload: LONG.payload,
  };
  lab.wire("rs1", "director/eth1", { "eth.dst": lab.mac("director", 1), ...common, ...own }, { fragment: SIZE });
  const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
  const translated = { ...macs, ...common, "ip.src": "10.0.0.10", "udp.srcport": 53, "ip.ttl": 63 };
  sent.wire("director/eth0", "router/eth1", translated, { fragment: SIZE });
  record(lab, sent, "router/eth1", edit, (bytes) => decode(bytes).ip4);
  return lab;
}

const LAST = "in fragment 3 of 3";

const OWNERS: readonly [string, Edit, Readonly<Record<ForwardingModel, string>>][] = [
  ["a wrong checksum", withWrongChecksum, { nat: "NAT-REQ-06", dr: "DR-REQ-03", tun: "TUN-ENC-03" }],
  ["TTL 255", withTtl(255), { nat: "NAT-REQ-05", dr: "DR-REQ-03", tun: "" }],
  ["TTL 0", withTtl(0), { nat: "NAT-REQ-05", dr: "DR-REQ-03", tun: "TUN-ENC-06" }],
  ["the TTL that it came with", withTtl(61), { nat: "GEN-TTL-01", dr: "GEN-TTL-01", tun: "" }],
  ["no TOS", withoutTos, { nat: "NAT-REQ-08", dr: "DR-REQ-03", tun: "TUN-ENC-09" }],
  // Around a packet without DF either is right.
  ["DF", withDf, { nat: "NAT-REQ-08", dr: "DR-REQ-03", tun: "" }],
];

describe("the last fragment of a request", () => {
  for (const model of MODELS) {
    it(`${model}: breaks nothing as it is`, () => {
      expect(broken(request(model, asIs))).to.deep.equal([]);
      expect(broken(request(model, asIs, "whole"))).to.deep.equal([]);
      // In a tunnel even the header of the packet inside is cut then.
      expect(broken(request(model, asIs, "fragments", 8))).to.deep.equal([]);
    });

    for (const [name, edit, owners] of OWNERS) {
      const rule = owners[model];
      it(`${model}: ${rule === "" ? "may have" : `breaks ${rule} with`} ${name}`, () => {
        for (const cameIn of ["fragments", "whole"] as const) {
          const found = broken(request(model, edit, cameIn));
          expect(found.map((text) => text.split(" ")[0])).to.deep.equal(rule === "" ? [] : [rule]);
          for (const text of found) expect(text).to.contain(LAST);
        }
      });
    }
  }
});

describe("the last fragment in a tunnel header of its own", () => {
  const found = (edit: Edit, arrived?: Edit) => broken(inOwnTunnels(edit, arrived));

  it("breaks nothing as it is", () => expect(found(asIs)).to.deep.equal([]));

  it("breaks the rule that owns the field of the packet inside", () => {
    expect(found(withTtl(255))).to.deep.equal([`TUN-ENC-05 ip.ttl#2 255 ${LAST}`]);
    expect(found(withTtl(61))).to.deep.equal([`GEN-TTL-01 ip.ttl#2 61 ${LAST}`]);
    expect(found(withoutTos).map((text) => text.split(" ")[0])).to.deep.equal(["TUN-ENC-04"]);
    expect(found(withDf)).to.deep.equal([`TUN-ENC-04 ip.flags.df#2 1 ${LAST}`]);
    expect(found(withWrongChecksum).map((text) => text.split(" ")[0])).to.deep.equal(["TUN-ENC-04"]);
  });
});

describe("the last fragment of a packet inside, at the real server", () => {
  it("breaks TUN-ENC-05 where a router took from its TTL", () =>
    expect(broken(inOwnTunnels(asIs, withTtl(59)))).to.deep.equal(["TUN-ENC-05 ip.ttl#2 59"]));
});

describe("the last fragment of an answer", () => {
  it("breaks nothing as it is", () => expect(broken(answer(asIs))).to.deep.equal([]));

  it("breaks NAT-RSP-03 with another header, and GEN-TTL-01 with the TTL that it came with", () => {
    for (const edit of [withWrongChecksum, withTtl(0), withTtl(255), withoutTos, withDf]) {
      expect(broken(answer(edit)).map((text) => text.split(" ")[0])).to.deep.equal(["NAT-RSP-03"]);
    }
    expect(broken(answer(withTtl(64)))).to.deep.equal([`GEN-TTL-01 ip.ttl 64 ${LAST}`]);
  });
});

describe("fragments that came with different headers", () => {
  /** The director's copies have the first one's header, or each its own. */
  const mixed = (came: Edit, left: Edit) => {
    const [lab, sent, client] = [new PaperLab("dr"), new PaperLab("dr"), new PaperLab("dr")];
    const spec = lab.requestSpec({ spec: LONG });
    client.toDirector(spec, { fragment: SIZE });
    const pieces = client.evidence().frames.filter(({ tap, direction }) => tap === "director" && direction === "in");
    for (const [index, { tap, bytes: before }] of pieces.entries()) {
      const bytes = before.slice();
      const { ip4 } = decode(bytes);
      if (index === pieces.length - 1 && ip4 !== undefined) came(ip4);
      lab.record(tap, "in", bytes);
    }
    sent.forward(spec, { fragment: SIZE });
    record(lab, sent, "rs1", left, (bytes) => decode(bytes).ip4);
    return broken(lab);
  };

  it("may leave each with its own, or all with that of the first", () => {
    expect(mixed(withTtl(50), withTtl(49))).to.deep.equal([]);
    expect(mixed(withTtl(50), asIs)).to.deep.equal([]);
    expect(mixed(withTtl(1), asIs)).to.deep.equal([]);
  });

  it("have to be thrown away where one of them is corrupt", () => {
    expect(mixed(withWrongChecksum, asIs).map((text) => text.split(" ")[0])).to.deep.equal(["GEN-SVC-07"]);
  });
});
