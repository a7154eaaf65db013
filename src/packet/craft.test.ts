import { expect } from "chai";
import fc from "fast-check";
import { frameSpec } from "./arbitrary.js";
import { l4ChecksumState } from "./checksum.js";
import {
  CraftError,
  canonicalValue,
  craft,
  craftIp,
  FIELD_DESCRIPTIONS,
  FIELD_NAMES,
  type PacketSpec,
} from "./craft.js";
import { fields, fieldValue } from "./fields.js";
import { decode, type Packet } from "./packet.js";
import { hex } from "./sample.js";

const flow = { "ip.src": "10.0.0.100", "ip.dst": "10.0.0.10", "tcp.srcport": 40001, "tcp.dstport": 80 };

/** The values that a specification gives, as a packet that obeys it shows them. */
function expectToObey(packet: Packet | undefined, spec: PacketSpec): void {
  expect(packet).not.to.equal(undefined);
  for (const [name, value] of Object.entries(spec)) {
    if (name === "inner" || name === "quoted") expectToObey(packet?.[name], value as PacketSpec);
    else if (name === "payload") expect(packet?.payload).to.deep.equal(value);
    else expect(fieldValue(packet as Packet, name) ?? "", name).to.equal(canonicalValue(name, value));
  }
}

describe("craft", () => {
  it("is what decode reads", () => {
    fc.assert(fc.property(frameSpec, (spec) => expectToObey(decode(craft(spec)), spec)));
  });

  it("makes of what decode shows the same frame again", () => {
    fc.assert(
      fc.property(frameSpec, (spec) => {
        if (spec.inner !== undefined || spec.quoted !== undefined) return;
        const frame = craft(spec);
        const again = fields(decode(frame)).filter(({ name }) => name !== "data.len");
        expect(craft(Object.fromEntries(again.map(({ name, value }) => [name, value])))).to.deep.equal(frame);
      }),
    );
  });

  it("fills in what is left out", () => {
    const packet = decode(craft(flow));
    const value = (name: string) => fieldValue(packet, name);
    expect(packet.bytes).to.have.length(54);
    expect(
      ["eth.src", "eth.type", "ip.len", "ip.hdr_len", "ip.ttl", "ip.id", "ip.flags.df", "ip.proto"].map(value),
    ).to.deep.equal(["00:00:00:00:00:00", "0x0800", "40", "20", "64", "0x0000", "0", "6"]);
    expect(
      ["tcp.hdr_len", "tcp.flags", "tcp.window_size_value", "tcp.seq_raw", "tcp.ack_raw"].map(value),
    ).to.deep.equal(["20", "S", "29200", "1000", "0"]);
    expect(packet.ip?.checksumValid).to.equal(true);
    expect(l4ChecksumState(packet)).to.equal("valid");
  });

  it("is as the frame that a kernel sent (DR-REQ-01)", () => {
    const frame = craft({
      "ip.src": "172.16.0.100",
      "ip.dst": "10.0.0.10",
      "ip.ttl": 60,
      "ip.id": 0x1234,
      "ip.dsfield": "0x2e",
      "ip.flags.df": true,
      "tcp.options": "00".repeat(20),
    });
    expect(decode(frame).ip).to.include({ length: 60, checksum: 0x75dc });
  });

  const wrong: [string, string | number | boolean, Partial<Record<"ip" | "l4", string>>][] = [
    ["tcp.checksum", 0x1111, { l4: "invalid" }],
    ["ip.checksum", 0x1111, { ip: "invalid" }],
    ["ip.len", 5, { l4: "absent" }],
    ["ip.len", 65535, { l4: "absent" }],
    ["tcp.hdr_len", 24, { l4: "absent" }],
    ["ip.frag_offset", 8, { l4: "absent" }],
    ["ip.ttl", 0, {}],
    ["eth.type", 0x86dd, { ip: "absent", l4: "absent" }],
    ["ip.version", 5, { ip: "absent", l4: "absent" }],
    ["ip.hdr_len", 16, { ip: "absent", l4: "absent" }],
    ["ip.proto", 17, { l4: "absent" }],
  ];
  for (const [name, value, { ip = "valid", l4 = "valid" }] of wrong) {
    it(`writes ${name} ${value} however wrong, and the rest right`, () => {
      const packet = decode(craft({ ...flow, [name]: value }));
      const good = decode(craft(flow));
      expect(packet.bytes).to.have.length(good.bytes.length);
      expect(packet.ip ? (packet.ip.checksumValid ? "valid" : "invalid") : "absent").to.equal(ip);
      expect(l4ChecksumState(packet)).to.equal(l4);
      const differences = good.bytes.filter((byte, at) => byte !== packet.bytes[at]).length;
      expect(differences).to.be.within(1, name.startsWith("ip.") ? 4 : 2);
    });
  }

  it("computes a wrong header's checksum over what the header says of its length", () => {
    expect(decode(craft({ ...flow, "ip.hdr_len": 24 })).ip?.checksumValid).to.equal(true);
  });

  it("pads options to whole words", () => {
    const packet = decode(craft({ ...flow, "tcp.options": "020405780402", "ip.options": hex("94") }));
    expect(packet.tcp).to.include({ headerLength: 28 });
    expect(packet.ip).to.include({ headerLength: 24, length: 52 });
    expect(fieldValue(packet, "ip.options")).to.equal("94000000");
  });

  it("takes a payload in every form", () => {
    const payload = (spec: PacketSpec) => decode(craft({ ...flow, ...spec })).payload;
    expect(payload({ payload: "Grüße" })).to.deep.equal(hex("4772c3bcc39f65"));
    expect(payload({ payload: hex("00ff") })).to.deep.equal(hex("00ff"));
    expect(payload({ "data.data": "00:ff" })).to.deep.equal(hex("00ff"));
    expect(payload({ "data.len": 258 })).to.deep.equal(Uint8Array.from({ length: 258 }, (_, index) => index));
  });

  it("quotes a packet, or as much of one as is given", () => {
    const quoted = (value: PacketSpec | Uint8Array | string) =>
      decode(craft({ "icmp.type": 3, quoted: value })).payload;
    expect(quoted(flow)).to.deep.equal(craftIp(flow));
    expect(quoted(craftIp(flow).subarray(0, 28))).to.deep.equal(craftIp(flow).subarray(0, 28));
    expect(quoted("4500")).to.deep.equal(hex("4500"));
  });

  it("chains extension headers in the order of RFC 8200, and fills in what comes next", () => {
    const given = {
      "ipv6.dstopts": "000001040000000000000104",
      "ipv6.fraghdr.ident": 5,
      "ipv6.routing": "0000fd0000000000",
      "ipv6.hopopts": "00",
    };
    const { ip6 } = decode(craft({ ...given, "sctp.dstport": 80 }));
    expect(ip6?.options).to.deep.equal(
      hex("2b00000000000000 2c00fd0000000000 3c00000000000005 3c00010400000000 8400010400000000"),
    );
    expect(ip6).to.include({ nextHeader: 0, protocol: 132, headerLength: 80 });
  });

  it("writes extension headers however wrong, and the rest right", () => {
    const good = { "ipv6.dst": "fd00::10", "udp.dstport": 53, payload: "hi" };
    const right = decode(craft(good)).udp?.checksum;
    for (const wrong of [
      { "ipv6.nxt": 253 },
      { "ipv6.plen": 3 },
      { "ipv6.dstopts": "fd00010400000000" },
      { "ipv6.dstopts": "0009010400000000" },
      { "ipv6.fraghdr.offset": 1 },
      { "ipv6.fraghdr.nxt": 60 },
    ]) {
      const frame = craft({ ...good, ...wrong });
      expect(decode(frame).udp).to.equal(undefined);
      expect(decode(frame.subarray(0, -10)).bytes.length).to.equal(frame.length - 10);
      expect((frame.at(-4) as number) * 256 + (frame.at(-3) as number)).to.equal(right);
    }
  });

  it("needs no IP", () => {
    expect(craft({})).to.deep.equal(hex("000000000000 000000000000 88b5"));
    expect(craft({ "arp.src.proto_ipv4": "10.0.0.1" })).to.have.length(42);
  });

  const refused: [PacketSpec, string, string][] = [
    [{ "ip.tll": 3 }, "ip.tll", "ip.tll: there is no such field; did you mean ip.ttl?"],
    [{ "tcp.port": 80 }, "tcp.port", "tcp.port: there is no such field; did you mean tcp.srcport?"],
    [{ payloat: "x" }, "payloat", "payloat: there is no such field; did you mean payload?"],
    [{ "ip.ttl": 256 }, "ip.ttl", "ip.ttl: 256 is not allowed; it is 0 to 255"],
    [{ "ip.ttl": -1 }, "ip.ttl", "ip.ttl: -1 is not allowed; it is 0 to 255"],
    [{ "ip.ttl": "many" }, "ip.ttl", 'ip.ttl: "many" is not allowed; it is 0 to 255'],
    [{ "ip.ttl": Number.NaN }, "ip.ttl", "ip.ttl: NaN is not allowed; it is 0 to 255"],
    [{ "ip.ttl": { "ip.ttl": 1 } }, "ip.ttl", "ip.ttl: a packet is not allowed; it is 0 to 255"],
    [{ "ip.dsfield": 0x100 }, "ip.dsfield", "ip.dsfield: 256 is not allowed; it is 0x00 to 0xff"],
    [{ "ip.frag_offset": 7 }, "ip.frag_offset", "ip.frag_offset: 7 is not allowed; it is 0 to 65528 in steps of 8"],
    [{ "ip.hdr_len": 64 }, "ip.hdr_len", "ip.hdr_len: 64 is not allowed; it is 0 to 60 in steps of 4"],
    [{ "ip.flags.df": 2 }, "ip.flags.df", "ip.flags.df: 2 is not allowed; it is true or false"],
    [{ "ip.src": "10.0.0" }, "ip.src", 'ip.src: "10.0.0" is not allowed; it is an IPv4 address (10.0.0.1)'],
    [{ "eth.src": "rs1" }, "eth.src", 'eth.src: "rs1" is not allowed; it is a MAC address (02:00:00:00:00:01)'],
    [
      { "tcp.flags": "SYN" },
      "tcp.flags",
      'tcp.flags: "SYN" is not allowed; it is letters of FSRPAUEC, none, or 0x000 to 0xfff',
    ],
    [
      { "tcp.options": "0204057" },
      "tcp.options",
      'tcp.options: "0204057" is not allowed; it is 0 to 40 bytes as hex digits (020405b4)',
    ],
    [
      { "ip.options": new Uint8Array(41) },
      "ip.options",
      "ip.options: 41 bytes is not allowed; it is 0 to 40 bytes as hex digits (020405b4)",
    ],
    [
      { "vrrp.ip_addr": "10.0.0.10;10.0.0.11" },
      "vrrp.ip_addr",
      'vrrp.ip_addr: "10.0.0.10;10.0.0.11" is not allowed; it is an IPv4 address (10.0.0.1), or several with commas between them',
    ],
    [
      { "ipv6.fraghdr.offset": 8192 },
      "ipv6.fraghdr.offset",
      "ipv6.fraghdr.offset: 8192 is not allowed; it is 0 to 8191",
    ],
    [{ payload: 5 }, "payload", "payload: 5 is not allowed; it is text, or bytes"],
    [{ inner: "45" }, "inner", 'inner: "45" is not allowed; it is a packet (ip.src, ip.dst, …)'],
    [{ inner: null as never }, "inner", "inner: null is not allowed; it is a packet (ip.src, ip.dst, …)"],
    [{ inner: { "eth.src": "x" } }, "eth", "eth: a packet that begins with its IP header has no eth fields"],
    [{ "tcp.dstport": 1, "udp.dstport": 1 }, "udp", "udp: a packet that has tcp cannot have udp as well"],
    [{ "arp.opcode": 1, "ip.ttl": 1 }, "ip", "ip: a packet that has arp cannot have ip as well"],
    [{ inner: {}, payload: "x" }, "inner", "inner: a packet that has payload cannot have inner as well"],
    [{ "tcp.dstport": 1, "gue.flags": 0 }, "gue", "gue: a packet that has tcp cannot have gue as well"],
    [{ "udp.dstport": 1, "gre.key": 0 }, "gre", "gre: a packet that has udp cannot have gre as well"],
    [{ "udp.dstport": 1, inner: {} }, "inner", "inner: a packet that has udp cannot have inner as well"],
    [{ "ipv6.hlim": 1, "icmp.type": 8 }, "icmp", "icmp: a packet that has ipv6 cannot have icmp as well"],
    [{ "ip.ttl": 1, "icmpv6.type": 1 }, "icmpv6", "icmpv6: a packet that has ip cannot have icmpv6 as well"],
    [
      { "ipv6.hlim": 1, "vrrp.ip_addr": "10.0.0.1" },
      "vrrp.ip_addr",
      "vrrp.ip_addr: a packet that has ipv6 cannot have vrrp.ip_addr as well",
    ],
    [{ quoted: {} }, "quoted", "quoted: only an ICMP message quotes a packet; give icmp.type or icmpv6.type as well"],
    [
      { "udp.dstport": 1, "data.len": 65535 },
      "payload",
      "payload: the IP packet would be 65563 bytes long; at most 65535 are possible",
    ],
  ];
  for (const [spec, field, message] of refused) {
    it(`says: ${message}`, () => {
      expect(() => craft(spec))
        .to.throw(CraftError)
        .that.includes({ field, message });
    });
  }

  it("refuses a packet that contains itself", () => {
    const endless: { inner?: PacketSpec } = {};
    endless.inner = endless as PacketSpec;
    expect(() => craft(endless as PacketSpec)).to.throw(CraftError, "inner: more than 16 packets inside each other");
  });
});

describe("canonicalValue", () => {
  const values: [string, string | number | boolean, string][] = [
    ["ip.dsfield", 46, "0x2e"],
    ["ip.dsfield#2", "46", "0x2e"],
    ["ip.flags.df", true, "1"],
    ["ip.flags.df", "False", "0"],
    ["tcp.flags", "AS", "SA"],
    ["tcp.flags", 0x12, "SA"],
    ["eth.src", "02-00-00-00-00-AB", "02:00:00:00:00:ab"],
    ["ipv6.src", "FD00:0::1", "fd00::1"],
    ["tcp.options", "02:04:05:78", "02040578"],
    ["vrrp.ip_addr", "10.0.0.10, 10.0.0.11", "10.0.0.10,10.0.0.11"],
    ["vrrp.ipv6_addr", "FE80::0:1", "fe80::1"],
    ["icmpv6.opt.linkaddr", "02-00-00-00-00-AB", "02:00:00:00:00:ab"],
    ["sctp.verification_tag", 7, "0x00000007"],
  ];
  for (const [name, given, canonical] of values) {
    it(`of ${given} for ${name} is ${canonical}`, () => expect(canonicalValue(name, given)).to.equal(canonical));
  }

  it("refuses what cannot be", () => {
    expect(() => canonicalValue("ip.ttl", 300)).to.throw(CraftError, "ip.ttl: 300 is not allowed; it is 0 to 255");
    expect(() => canonicalValue("ip.tll", 3)).to.throw(CraftError, "did you mean ip.ttl?");
  });
});

describe("FIELD_DESCRIPTIONS", () => {
  it("say of every field what it is and what it may be", () => {
    expect(FIELD_NAMES).to.have.length(new Set(FIELD_NAMES).size);
    for (const name of FIELD_NAMES) {
      expect(FIELD_DESCRIPTIONS[name]?.label, name).to.match(/\w/);
      expect(FIELD_DESCRIPTIONS[name]?.allowed, name).to.match(/\w/);
    }
  });
});
