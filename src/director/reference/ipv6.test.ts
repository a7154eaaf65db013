import { expect } from "chai";
import fc from "fast-check";
import { craft, craftIp, type PacketSpec } from "../../packet/craft.js";
import { fragment, reassemble } from "../../packet/fragment.js";
import type { Packet } from "../../packet/packet.js";
import { checksums, endpoints, ipBytes, MAC, macs, only, type Testbed, withoutEthernet } from "./testbed.js";
import { CIP6, ETH0_6, ETH1_6, icmp6, ipv6Testbed, query6, syn6, VIP6 } from "./testbed-ipv6.js";

/** What a client may have in its packets that nobody may touch. */
const VARIANTS: readonly PacketSpec[] = [
  {},
  { "ipv6.dstopts": "0000010400000000", payload: "odd" },
  { "ipv6.hopopts": "0000010400000000", "ipv6.tclass": 3, "ipv6.flow": 0 },
  { "ipv6.fraghdr.ident": 7 },
];

/** What the director sends of fragments, once all have come. */
function sendFragments(bed: Testbed, nic: string, frames: readonly Uint8Array[]): Packet[] {
  const sent = frames.map((frame) => bed.receive(nic, frame));
  expect(sent.slice(0, -1).flat()).to.deep.equal([]);
  return (sent.at(-1) ?? []).map(({ packet }) => packet);
}

function whole(pieces: readonly Packet[]): Packet {
  const found = reassemble(pieces);
  if (found === undefined) throw new Error("what left is no whole datagram");
  return found;
}

describe("reference director: DR over IPv6", () => {
  it("changes MACs and hop limit alone (DR-V6-01)", () => {
    for (const more of [...VARIANTS, { "tcp.checksum": "0x1111" }]) {
      const spec = syn6(40001, more);
      const packet = ipv6Testbed("dr").exchange("eth0", spec);
      expect(macs(packet)).to.be.oneOf([`${MAC.eth0} > ${MAC.rs1}`, `${MAC.eth0} > ${MAC.rs2}`]);
      expect(ipBytes(packet)).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ipv6.hlim": 60 }));
    }
  });

  it("keeps a flow on its server, and hands it the ICMPv6 errors about it (DR-ICMP-01)", () => {
    const bed = ipv6Testbed("dr");
    const owners = [40001, 40002].map((port) => bed.exchange("eth0", syn6(port)).eth?.dst);
    expect(new Set(owners).size).to.equal(2);
    for (const [index, port] of [40001, 40002].entries()) {
      expect(bed.exchange("eth0", syn6(port, { "tcp.flags": "A" })).eth?.dst).to.equal(owners[index]);
      const quoted = { "ipv6.src": VIP6, "ipv6.dst": CIP6, "tcp.srcport": 80, "tcp.dstport": port };
      const error = icmp6({ "ipv6.src": "fd01::200", "icmpv6.type": 2, "icmpv6.mtu": 1300, quoted });
      const packet = bed.exchange("eth0", error);
      expect(packet.eth?.dst).to.equal(owners[index]);
      expect(ipBytes(packet)).to.deep.equal(craftIp({ ...withoutEthernet(error), "ipv6.hlim": 63 }));
    }
  });

  it("refuses what does not fit with the MTU, for IPv6 is not fragmented on the way (DR-MTU-01)", () => {
    const narrow = () => ipv6Testbed("dr", { nics: [{ ...ETH0_6, mtu: 1300 }] });
    const sized = (length: number) => syn6(40001, { payload: new Uint8Array(length - 60) });
    expect(narrow().exchange("eth0", sized(1300)).ip?.length).to.equal(1300);
    const error = narrow().exchange("eth0", sized(1301));
    expect([error.ip?.src, error.ip?.dst, error.icmp?.kind, error.icmp?.mtu]).to.deep.equal([
      VIP6,
      CIP6,
      "too-big",
      1300,
    ]);
    expect(error.ip?.length).to.equal(1280);
    expect(error.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(sized(1301))).subarray(0, 1232));
    expect(checksums(error)).to.equal("ip valid, l4 valid");
  });

  it("gathers fragments, and fragments again what had come so (DR-FRAG-01)", () => {
    for (const more of [{}, { "ipv6.dstopts": "0000010400000000" }, { "ipv6.hopopts": "0000010400000000" }]) {
      const spec = query6(42100, { payload: new Uint8Array(3000).fill(5), ...more });
      for (const frames of [fragment(craft(spec), 1200, 0x55), fragment(craft(spec), 1200, 0x55).reverse()]) {
        const pieces = sendFragments(ipv6Testbed("dr"), "eth0", frames);
        expect(pieces.length).to.be.above(1);
        expect(new Set(pieces.map(({ eth }) => eth?.dst)).size).to.equal(1);
        expect(ipBytes(whole(pieces))).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ipv6.hlim": 60 }));
      }
    }
    const narrow = ipv6Testbed("dr", { nics: [{ ...ETH0_6, mtu: 1280 }] });
    const wide = fragment(craft(query6(1, { payload: new Uint8Array(3000) })), 1400);
    expect(sendFragments(narrow, "eth0", wide).map(({ icmp }) => icmp?.mtu)).to.deep.equal([1280]);
  });
});

describe("reference director: NAT over IPv6", () => {
  it("translates destination address and port, and nothing else (NAT-V6-01)", () => {
    for (const more of VARIANTS) {
      const spec = syn6(40001, more);
      const { nic, packet } = only(ipv6Testbed("nat").receive("eth0", spec));
      const rip = packet.ip?.dst ?? "";
      expect([nic, rip]).to.be.deep.oneOf([
        ["eth1", "fd08::11"],
        ["eth1", "fd08::12"],
      ]);
      const expected = { ...withoutEthernet(spec), "ipv6.dst": rip, "tcp.dstport": 8080, "ipv6.hlim": 60 };
      expect(ipBytes(packet)).to.deep.equal(craftIp(expected));
      expect(checksums(packet)).to.equal("ip valid, l4 valid");
    }
  });

  it("translates the source of the reply back to VIP:vport", () => {
    const bed = ipv6Testbed("nat");
    const rip = bed.exchange("eth0", syn6(40001)).ip?.dst;
    const ip = { "ipv6.src": rip, "ipv6.dst": CIP6, "ipv6.hlim": 64, "ipv6.flow": "0xabcde", "ipv6.tclass": "0xb9" };
    const reply = { "eth.dst": MAC.eth1, ...ip, "tcp.srcport": 8080, "tcp.dstport": 40001, "tcp.flags": "SA" };
    const { nic, packet } = only(bed.receive("eth1", reply));
    expect([nic, macs(packet)]).to.deep.equal(["eth0", `${MAC.eth0} > ${MAC.gateway}`]);
    const expected = { ...withoutEthernet(reply), "ipv6.src": VIP6, "tcp.srcport": 80, "ipv6.hlim": 63 };
    expect(ipBytes(packet)).to.deep.equal(craftIp(expected));
  });

  it("keeps checksums valid, and wrong ones wrong by the same amount (NAT-REQ-07, GEN-L4-01)", () => {
    const right = craftIp(withoutEthernet(query6(1, { payload: "" })));
    const checksum = ((right[46] ?? 0) << 8) | (right[47] ?? 0);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 0xfffe }), (payload, error) => {
        for (const spec of [syn6(1, { payload }), query6(1, { payload })]) {
          expect(checksums(ipv6Testbed("nat").exchange("eth0", spec))).to.equal("ip valid, l4 valid");
        }
        const wrong = (checksum + error) % 0xffff || 0xffff;
        const packet = ipv6Testbed("nat").exchange("eth0", query6(1, { payload: "", "udp.checksum": wrong }));
        const translated = ipv6Testbed("nat").exchange("eth0", query6(1, { payload: "" }));
        expect((packet.udp?.checksum ?? 0) % 0xffff).to.equal(((translated.udp?.checksum ?? 0) + error) % 0xffff);
      }),
      { numRuns: 50 },
    );
  });

  it("translates SCTP too, whose CRC32c has no address in it", () => {
    const spec = syn6(0, { "tcp.srcport": undefined, "tcp.dstport": undefined, "tcp.flags": undefined });
    const packet = ipv6Testbed("nat").exchange("eth0", { ...spec, "sctp.srcport": 5000, "sctp.dstport": 132 });
    expect([packet.sctp?.dstPort, checksums(packet)]).to.deep.equal([1320, "ip valid, l4 valid"]);
  });

  it("translates ICMPv6 errors outside and inside, both ways (NAT-V6-02)", () => {
    const bed = ipv6Testbed("nat");
    const request = bed.exchange("eth0", query6(42000));
    const rip = request.ip?.dst;
    const refusal = { "icmpv6.type": 1, "icmpv6.code": 4, quoted: ipBytes(request) };
    const toClient = bed.exchange("eth1", { "eth.dst": MAC.eth1, "ipv6.src": rip, "ipv6.dst": CIP6, ...refusal });
    expect([toClient.ip?.src, checksums(toClient)]).to.deep.equal([VIP6, "ip valid, l4 valid"]);
    expect(toClient.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(query6(42000, { "ipv6.hlim": 60 }))));
    const answer = { "ipv6.src": VIP6, "ipv6.dst": CIP6, "udp.srcport": 53, "udp.dstport": 42000 };
    const tooBig = { "ipv6.src": "fd01::200", "icmpv6.type": 2, "icmpv6.mtu": 1300, quoted: answer };
    const toServer = bed.exchange("eth0", icmp6(tooBig));
    expect([toServer.ip?.src, toServer.ip?.dst, toServer.icmp?.mtu]).to.deep.equal(["fd01::200", rip, 1300]);
    expect(checksums(toServer)).to.equal("ip valid, l4 valid");
    expect(toServer.quoted && endpoints(toServer.quoted)).to.equal(`${rip}:5353 > ${CIP6}:42000`);
    expect(bed.receive("eth0", icmp6({ ...tooBig, "icmpv6.checksum": 1 }))).to.deep.equal([]);
  });

  it("translates fragments as one datagram, both ways (NAT-FRAG-01)", () => {
    const bed = ipv6Testbed("nat");
    const payload = Uint8Array.from({ length: 3000 }, (_, index) => index);
    const request = whole(sendFragments(bed, "eth0", fragment(craft(query6(42100, { payload })), 1200).reverse()));
    expect(endpoints(request)).to.match(/^fd01::100:42100 > fd08::1[12]:5353$/);
    expect([checksums(request), Buffer.compare(request.payload, payload)]).to.deep.equal(["ip valid, l4 valid", 0]);
    const addresses = { "eth.dst": MAC.eth1, "ipv6.src": request.ip?.dst, "ipv6.dst": CIP6 };
    const reply = craft({ ...addresses, "udp.srcport": 5353, "udp.dstport": 42100, payload });
    expect(endpoints(whole(sendFragments(bed, "eth1", fragment(reply, 1200))))).to.equal(`${VIP6}:53 > ${CIP6}:42100`);
  });

  it("tells a real server in its own terms what does not fit (NAT-MTU-01)", () => {
    const bed = ipv6Testbed("nat", { nics: [{ ...ETH0_6, mtu: 1280 }, ETH1_6] });
    const rip = bed.exchange("eth0", query6(42000)).ip?.dst;
    const addresses = { "eth.dst": MAC.eth1, "ipv6.src": rip, "ipv6.dst": CIP6 };
    const reply = { ...addresses, "udp.srcport": 5353, "udp.dstport": 42000, payload: new Uint8Array(1300) };
    const { nic, packet } = only(bed.receive("eth1", reply));
    expect([nic, packet.ip?.src, packet.ip?.dst, packet.icmp?.mtu]).to.deep.equal(["eth1", "fd08::1", rip, 1280]);
    expect(packet.quoted?.ip?.src).to.equal(rip);
  });
});

describe("reference director: its own answers over IPv6", () => {
  it("echo reply, from the address that was asked (GEN-SVC-05)", () => {
    for (const dst of [VIP6, ETH0_6.ip]) {
      const packet = ipv6Testbed("nat").exchange(
        "eth0",
        icmp6({ "ipv6.dst": dst, "icmpv6.echo.identifier": 7, payload: "ping!" }),
      );
      expect([packet.ip?.src, packet.ip?.dst, packet.ip?.ttl]).to.deep.equal([dst, CIP6, 64]);
      expect([packet.icmp?.kind, packet.icmp?.id]).to.deep.equal(["echo-reply", 7]);
      expect([Buffer.from(packet.payload).toString(), checksums(packet)]).to.deep.equal([
        "ping!",
        "ip valid, l4 valid",
      ]);
    }
  });

  it("RST, port unreachable and an unknown next header (GEN-SVC-02, 06)", () => {
    const rst = ipv6Testbed("nat").exchange("eth0", syn6(41000, { "tcp.dstport": 81 }));
    expect([endpoints(rst), rst.tcp?.flagsText]).to.deep.equal([`${VIP6}:81 > ${CIP6}:41000`, "RA"]);
    expect(checksums(rst)).to.equal("ip valid, l4 valid");
    const spec = query6(41006, { "udp.dstport": 9 });
    const closed = ipv6Testbed("nat").exchange("eth0", spec);
    expect([closed.ip?.src, closed.icmp?.type, closed.icmp?.code]).to.deep.equal([VIP6, 1, 4]);
    expect(closed.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(spec)));
    for (const [extensions, pointer] of [
      [{}, 6],
      [{ "ipv6.dstopts": "0000010400000000" }, 40],
    ] as const) {
      const packet = ipv6Testbed("nat").exchange("eth0", icmp6({ ...extensions, "ipv6.nxt": undefined, inner: {} }));
      expect([packet.icmp?.type, packet.icmp?.code, packet.icmp?.rest]).to.deep.equal([4, 1, pointer]);
    }
  });

  it("time exceeded, no route, and no server available (GEN-TTL-02, GEN-SCH-04)", () => {
    const spec = syn6(42010, { "ipv6.hlim": 1 });
    const expired = ipv6Testbed("nat").exchange("eth0", spec);
    expect([expired.ip?.src, expired.icmp?.type, expired.icmp?.code]).to.deep.equal([VIP6, 3, 0]);
    expect(expired.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(spec)));
    expect(ipv6Testbed("nat").exchange("eth0", syn6(42010, { "ipv6.hlim": 2 })).ip?.ttl).to.equal(1);
    const lost = ipv6Testbed("nat", { gateways: [] }).warm({ "fd00::99": MAC.client });
    const far = { "ipv6.src": "fd00::99", "ipv6.dst": "fd77::1" };
    const noRoute = lost.exchange("eth0", query6(1, far));
    expect([noRoute.ip?.src, noRoute.icmp?.type, noRoute.icmp?.code]).to.deep.equal([ETH0_6.ip, 1, 0]);
    const bed = ipv6Testbed("dr");
    bed.director.configure([]);
    expect(bed.exchange("eth0", syn6(1)).tcp?.flagsText).to.equal("RA");
  });

  it("is silent to ICMPv6 errors, to source routes, and to whom no router may answer", () => {
    const bed = ipv6Testbed("nat");
    const error = { "ipv6.dst": "fd08::99", "ipv6.hlim": 1, "icmpv6.type": 1, quoted: withoutEthernet(syn6(1)) };
    expect(bed.receive("eth0", icmp6(error))).to.deep.equal([]);
    const routed = (segmentsLeft: number) =>
      syn6(1, {
        "ipv6.routing": `000200${segmentsLeft.toString(16).padStart(2, "0")}00000000fd000000000000000000000000000011`,
      });
    expect(bed.receive("eth0", routed(1))).to.deep.equal([]);
    expect(bed.exchange("eth0", routed(0)).tcp?.dstPort, "one that has come to its end").to.equal(8080);
    for (const src of ["::", "::1", "ff02::1", "fe80::1", VIP6, ETH0_6.ip]) {
      expect(bed.receive("eth0", query6(1, { "ipv6.src": src, "udp.dstport": 9 })), src).to.deep.equal([]);
    }
    expect(bed.receive("eth0", syn6(1, { "eth.dst": MAC.rs1 }))).to.deep.equal([]);
    expect(bed.receive("eth0", craft(syn6(1)).subarray(0, 60))).to.deep.equal([]);
  });

  it("routes what is none of its services', hop limit counted down, where it routes at all", () => {
    for (const forwards of [true, false]) {
      const sent = ipv6Testbed("nat", { forwards }).receive("eth0", query6(1, { "ipv6.dst": "fd08::11" }));
      expect(sent.map(({ nic, packet }) => [nic, packet.ip?.ttl])).to.deep.equal(forwards ? [["eth1", 60]] : []);
    }
  });
});
