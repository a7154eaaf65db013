import { expect } from "chai";
import { l4ChecksumState } from "./checksum.js";
import { craft, type PacketSpec } from "./craft.js";
import { fieldValue } from "./fields.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";
import { Vrrp } from "./vrrp.js";

describe("vrrp", () => {
  const sample = hex("31 33 65 02 0064 6a5a 0a00000a 0a00000b");
  const values = { version: 3, type: 1, routerId: 51, priority: 101, interval: 100, checksum: 0x6a5a };
  const addresses = ["10.0.0.10", "10.0.0.11"];
  const multicast = { "ip.src": "10.0.0.100", "ip.dst": "224.0.0.18" };
  const router = { "vrrp.virt_rtr_id": 51, "vrrp.prio": 101 };

  it("deconstruct", () => {
    const vrrp = new Vrrp(sample, 0);
    expect(vrrp).to.include({ ...values, addressCount: 2, headerLength: 16 });
    expect(vrrp.addresses).to.deep.equal(addresses);
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    // The bits in front of the interval are nobody's (RFC 5798 §5.2.6).
    bytes[4] = 0;
    Object.assign(new Vrrp(bytes, 0), { ...values, addresses });
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const packet = decode(craft({ ...multicast, ...router, "vrrp.ip_addr": "10.0.0.10, 10.0.0.11" }));
    expect(packet.vrrp).to.include(values);
    expect(packet.vrrp?.addresses).to.deep.equal(addresses);
    expect(packet.ip).to.include({ protocol: 112, ttl: 255 });
    expect(packet.payload).to.have.length(0);
    expect(packet.problem).to.equal(undefined);
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Vrrp.emit(bytes, 0, 4, { ...values, addresses });
    expect(bytes).to.deep.equal(sample);
  });

  it("has seconds and authentication in version 2", () => {
    const spec = { ...multicast, "vrrp.adver_int": 3, "vrrp.auth_type": 1, "vrrp.ip_addr": "10.0.0.10" };
    const packet = decode(craft({ ...spec, payload: "secret\0\0" }));
    expect(packet.vrrp).to.include({ version: 2, interval: 3, authType: 1, headerLength: 12 });
    expect(packet.payload).to.have.length(8);
    expect(fieldValue(packet, "vrrp.adver_int")).to.equal("3");
    expect(fieldValue(packet, "vrrp.short_adver_int")).to.equal(undefined);
  });

  it("has the addresses of the family that carries it", () => {
    const packet = decode(craft({ "ipv6.src": "fe80::1", "vrrp.ipv6_addr": "FE80::99,fd00::10" }));
    expect(packet.vrrp).to.include({ ipVersion: 6, addressCount: 2, headerLength: 40 });
    expect(packet.vrrp?.addresses).to.deep.equal(["fe80::99", "fd00::10"]);
    expect(fieldValue(packet, "vrrp.ipv6_addr")).to.equal("fe80::99,fd00::10");
    expect(fieldValue(packet, "vrrp.ip_addr")).to.equal(undefined);
  });

  // 0x65b4 and 0x6a5a are what Wireshark computes as well.
  const checksums: [string, PacketSpec, string][] = [
    ["version 2 without the pseudo header", { "vrrp.version": 2, payload: new Uint8Array(8) }, "0x65b4"],
    ["version 3 with it", {}, "0x6a5a"],
  ];
  for (const [what, spec, checksum] of checksums) {
    it(`sums ${what}`, () => {
      const packet = decode(craft({ ...multicast, ...router, "vrrp.ip_addr": "10.0.0.10,10.0.0.11", ...spec }));
      expect(fieldValue(packet, "vrrp.checksum")).to.equal(checksum);
      expect(l4ChecksumState(packet)).to.equal("valid");
    });
  }

  it("takes a sum of version 3 without IPv4's pseudo header, and no wrong one", () => {
    const state = (spec: PacketSpec) => l4ChecksumState(decode(craft({ ...router, ...spec })));
    const four = { ...multicast, "vrrp.ip_addr": "10.0.0.10,10.0.0.11" };
    expect(state({ ...four, "vrrp.checksum": 0x5551 })).to.equal("valid");
    expect(state({ ...four, "vrrp.checksum": 0x5552 })).to.equal("invalid");
    const six = { "ipv6.src": "fe80::1", "ipv6.dst": "ff02::12", "vrrp.ipv6_addr": "::" };
    expect(state(six)).to.equal("valid");
    expect(state({ ...six, "vrrp.checksum": 0x6967 })).to.equal("invalid");
  });

  it("says what it cannot read", () => {
    const problem = (spec: PacketSpec) => decode(craft({ ...multicast, "vrrp.ip_addr": "10.0.0.10", ...spec })).problem;
    expect(problem({ "vrrp.version": 4 })?.message).to.equal("vrrp header at byte 34: it says version 4");
    expect(problem({ "vrrp.addr_count": 3 })?.message).to.equal("vrrp header at byte 34: 20 bytes needed, 12 there");
    expect(decode(craft({ "ip.proto": 112, payload: "seven b" })).problem?.message).to.equal(
      "vrrp header at byte 34: 8 bytes needed, 7 there",
    );
  });
});
