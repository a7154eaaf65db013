import { expect } from "chai";
import { craft, craftIp } from "./craft.js";
import { fieldValue } from "./fields.js";
import { decodeLink, isKnownLinkType, LINK_TYPE } from "./link.js";
import { hex } from "./sample.js";

const FOUR = craftIp({ "ip.src": "10.0.0.1", "tcp.dstport": 80 });
const SIX = craftIp({ "ipv6.src": "fd00::1", "udp.dstport": 53 });

const behind = (header: string, packet: Uint8Array) => Buffer.concat([hex(header), packet]);

describe("decodeLink", () => {
  it("reads Ethernet", () => {
    const packet = decodeLink(LINK_TYPE.ethernet, craft({ "eth.src": "02:00:00:00:00:01", "tcp.dstport": 80 }));
    expect(packet).to.include({ linkSrc: "02:00:00:00:00:01", linkDst: "00:00:00:00:00:00" });
    expect(packet.tcp?.dstPort).to.equal(80);
  });

  it("reads raw IP, which has no MACs", () => {
    for (const type of [101, 12, 14, 228]) {
      const packet = decodeLink(type, FOUR);
      expect(packet).to.include({ linkSrc: undefined, linkDst: undefined, eth: undefined });
      expect(packet.ip?.src).to.equal("10.0.0.1");
    }
    for (const type of [101, 12, 14, 229]) expect(decodeLink(type, SIX).udp?.dstPort).to.equal(53);
  });

  it("reads BSD's loopback in the byte order of any host, and under the number that any system gives IPv6", () => {
    for (const family of ["02000000", "00000002"]) {
      expect(decodeLink(LINK_TYPE.null, behind(family, FOUR)).ip?.src).to.equal("10.0.0.1");
    }
    for (const family of ["18000000", "0000001c", "1e000000", "0000000a"]) {
      expect(decodeLink(LINK_TYPE.null, behind(family, SIX)).ip?.src).to.equal("fd00::1");
    }
    expect(decodeLink(LINK_TYPE.loop, behind("00000002", FOUR)).ip?.src).to.equal("10.0.0.1");
    expect(decodeLink(LINK_TYPE.null, behind("00000007", FOUR)).problem?.message).to.equal(
      "loopback header at byte 0: address family 7 is neither IPv4's nor IPv6's",
    );
    expect(decodeLink(LINK_TYPE.null, hex("0200")).problem?.message).to.equal(
      "loopback header at byte 0: 4 bytes needed, 2 there",
    );
  });

  it("reads cooked captures, of which the sender's MAC is known and the receiver's is not", () => {
    const one = decodeLink(LINK_TYPE.sll, behind("0004 0001 0006 020000000001 0000 0800", FOUR));
    const two = decodeLink(LINK_TYPE.sll2, behind("86dd 0000 00000003 0001 00 06 020000000001 0000", SIX));
    for (const packet of [one, two]) {
      expect(packet).to.include({ linkSrc: "02:00:00:00:00:01", linkDst: undefined, eth: undefined });
    }
    expect(one.sll?.isOutgoing).to.equal(true);
    expect(one.ip?.src).to.equal("10.0.0.1");
    expect(two.sll).to.include({ isOutgoing: false, interfaceIndex: 3 });
    expect(two.udp?.dstPort).to.equal(53);
    expect(fieldValue(two, "sll.ifindex")).to.equal("3");
    expect(fieldValue(one, "sll.src.eth")).to.equal("02:00:00:00:00:01");
  });

  it("knows of a cooked broadcast whom it was for, and of a device without MACs nobody", () => {
    const broadcast = decodeLink(LINK_TYPE.sll, behind("0001 0001 0006 020000000001 0000 0800", FOUR));
    expect(broadcast.linkDst).to.equal("ff:ff:ff:ff:ff:ff");
    const tunnel = decodeLink(LINK_TYPE.sll, behind("0000 fffe 0000 0000000000000000 0800", FOUR));
    expect(tunnel.linkSrc).to.equal(undefined);
    expect(tunnel.ip?.src).to.equal("10.0.0.1");
  });

  it("takes the protocol of a netlink or GRE device for no Ethernet type", () => {
    for (const hardware of ["0338", "030a"]) {
      const packet = decodeLink(LINK_TYPE.sll, behind(`0000 ${hardware} 0000 0000000000000000 0800`, FOUR));
      expect(packet.sll?.protocol).to.equal(0x0800);
      expect(packet.ip).to.equal(undefined);
    }
  });

  it("says which link types it reads, of another one", () => {
    const packet = decodeLink(147, FOUR);
    expect(packet.ip).to.equal(undefined);
    expect(packet.problem?.message).to.equal(
      "link header at byte 0: link type 147 is none of those that are read (0, 1, 12, 14, 101, 108, 113, 228, 229, 276)",
    );
    expect([1, 147].map(isKnownLinkType)).to.deep.equal([true, false]);
  });
});
