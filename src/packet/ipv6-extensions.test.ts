import { expect } from "chai";
import { l4ChecksumState } from "./checksum.js";
import { craft, craftIp, type PacketSpec } from "./craft.js";
import { EXTENSION, finalDestination, followExtensions, MAX_EXTENSIONS, runOf } from "./ipv6-extensions.js";
import { decode, decodeIp } from "./packet.js";
import { hex } from "./sample.js";

const TCP = 6;
const HOP_BY_HOP = "3c00 010400000000";
const OPTIONS = "2b01 010c 000000000000000000000000";
const ROUTING = "3300 0000 00000000";
const AUTHENTICATION = "2c04 0000 00000001 00000002 aabbccddeeff001122334455";
const FIRST_FRAGMENT = "0600 0001 00000007";

describe("extension headers", () => {
  const chain = hex(HOP_BY_HOP + OPTIONS + ROUTING + AUTHENTICATION + FIRST_FRAGMENT);

  it("are followed to the upper layer", () => {
    const { headers, end, protocol, problem } = followExtensions(chain, 0, chain.length, EXTENSION.hopByHop);
    expect(headers).to.deep.equal([
      { type: 0, at: 0, length: 8 },
      { type: 60, at: 8, length: 16 },
      { type: 43, at: 24, length: 8 },
      { type: 51, at: 32, length: 24 },
      { type: 44, at: 56, length: 8 },
    ]);
    expect({ end, protocol, problem }).to.deep.equal({ end: 64, protocol: TCP, problem: undefined });
  });

  it("are none where the upper layer comes at once", () => {
    expect(followExtensions(chain, 0, chain.length, TCP)).to.deep.equal({ headers: [], end: 0, protocol: TCP });
  });

  it("end behind a fragment header that is not of the first fragment", () => {
    const later = hex("3c00 0008 00000007 0600 010400000000");
    expect(followExtensions(later, 0, later.length, EXTENSION.fragment)).to.include({ end: 8, protocol: 60 });
    later[3] = 1;
    expect(followExtensions(later, 0, later.length, EXTENSION.fragment)).to.include({ end: 16, protocol: TCP });
  });

  const problems: [string, Uint8Array, string, number][] = [
    ["a header cut short", chain.subarray(0, 5), "extension header at byte 0: 8 bytes needed, 5 there", 0],
    ["options cut short", chain.subarray(0, 20), "extension header at byte 8: 16 bytes needed, 12 there", 8],
    ["one that is missing", chain.subarray(0, 24), "extension header at byte 24: 8 bytes needed, 0 there", 24],
    ["authentication cut short", chain.subarray(0, 44), "extension header at byte 32: 24 bytes needed, 12 there", 32],
    [
      "a chain without end",
      hex("0000 010400000000".repeat(20)),
      `extension header at byte ${8 * MAX_EXTENSIONS}: more than 16 in one packet`,
      8 * MAX_EXTENSIONS,
    ],
  ];
  for (const [what, bytes, message, end] of problems) {
    it(`tell of ${what}`, () => {
      const found = followExtensions(bytes, 0, bytes.length, EXTENSION.hopByHop);
      expect(found.problem?.message).to.equal(message);
      expect(found.end).to.equal(end);
    });
  }

  it("of one type are found together", () => {
    const twice = hex("3c00 010400000000 0600 010400000000");
    const found = followExtensions(twice, 0, twice.length, EXTENSION.destination);
    expect(runOf(found, EXTENSION.destination)).to.deep.equal({ type: 60, at: 0, length: 16 });
    expect(runOf(found, EXTENSION.routing)).to.equal(undefined);
  });

  it("stop a packet's decoding where they have a problem, and its fixed header is sound all the same", () => {
    const whole = craftIp({ "ipv6.src": "fd01::100", "ipv6.dstopts": OPTIONS.replaceAll(" ", ""), "tcp.dstport": 80 });
    const packet = decodeIp(whole.subarray(0, 50));
    expect(packet.ip).to.include({ src: "fd01::100", headerLength: 40, protocol: 60 });
    expect(packet.tcp).to.equal(undefined);
    expect(packet.payload).to.have.length(10);
    expect(packet.problem?.message).to.equal("extension header at byte 40: 16 bytes needed, 10 there");
  });
});

describe("finalDestination", () => {
  const final = "fd000000000000000000000000000099";
  const between = "fd000000000000000000000000000055";
  const routes: [string, string, number | "reached" | undefined][] = [
    ["a way that is done", `0602 0200 00000000 ${final}`, "reached"],
    ["no routing header", "0600 0001 00000007", "reached"],
    ["type 0", `0604 0001 00000000 ${between} ${final}`, 24],
    ["type 2", `0602 0201 00000000 ${final}`, 8],
    ["segment routing", `0604 0401 01000000 ${final} ${between}`, 8],
    ["an unknown type", `0602 fd01 00000000 ${final}`, undefined],
    ["no address", "0600 0201 00000000", undefined],
  ];
  for (const [what, header, expected] of routes) {
    it(`of ${what} is ${expected}`, () => {
      const bytes = hex(header);
      const first = what === "no routing header" ? EXTENSION.fragment : EXTENSION.routing;
      expect(finalDestination(bytes, followExtensions(bytes, 0, bytes.length, first))).to.equal(expected);
    });
  }

  it("is the one that checksums cover (RFC 8200 §8.1)", () => {
    const flow: PacketSpec = { "ipv6.src": "fd01::100", "udp.dstport": 53, payload: "hello" };
    const direct = decode(craft({ ...flow, "ipv6.dst": "fd00::99" }));
    const onTheWay = { ...flow, "ipv6.dst": "fd00::55", "ipv6.routing": `0002020100000000${final}` };
    const routed = decode(craft(onTheWay));
    expect(routed.udp?.checksum).to.equal(direct.udp?.checksum);
    expect(l4ChecksumState(routed)).to.equal("valid");
    expect(l4ChecksumState(decode(craft({ ...onTheWay, "udp.checksum": 0x1111 })))).to.equal("invalid");
    const unknown = { ...onTheWay, "ipv6.routing": `0002fd0100000000${final}` };
    expect(l4ChecksumState(decode(craft(unknown)))).to.equal("absent");
  });
});
