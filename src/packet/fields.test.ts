import { expect } from "chai";
import fc from "fast-check";
import { frameSpec } from "./arbitrary.js";
import { craft, craftIp, FIELD_NAMES } from "./craft.js";
import { fields, fieldValue } from "./fields.js";
import { decode } from "./packet.js";

describe("fields", () => {
  const inner = { "ip.src": "172.16.0.100", "ip.dst": "10.0.0.10", "ip.ttl": 59, "ip.id": 0x1234, "tcp.dstport": 80 };
  const tunnelled = decode(
    craft({ "ip.src": "10.0.0.1", "ip.dst": "10.9.0.12", inner, "eth.dst": "02:00:00:00:00:12" }),
  );

  it("come top layer to bottom, with their bytes", () => {
    const frame = craft({
      "eth.dst": "02:00:00:00:00:02",
      "eth.src": "02:00:00:00:00:01",
      "ip.src": "10.0.0.100",
      "ip.dst": "10.0.0.10",
      "ip.id": 0x1234,
      "ip.dsfield": 0x2e,
      "ip.flags.df": true,
      "ip.options": "5e04abcd",
      "tcp.srcport": 40001,
      "tcp.dstport": 80,
      "tcp.flags": "PA",
      "tcp.options": "020405780402",
      payload: "hi",
    });
    const shown = fields(decode(frame)).map(
      ({ name, value, offset, length }) => `${name} ${value} ${offset}+${length}`,
    );
    expect(shown).to.deep.equal([
      "eth.dst 02:00:00:00:00:02 0+6",
      "eth.src 02:00:00:00:00:01 6+6",
      "eth.type 0x0800 12+2",
      "ip.version 4 14+1",
      "ip.hdr_len 24 14+1",
      "ip.dsfield 0x2e 15+1",
      "ip.len 54 16+2",
      "ip.id 0x1234 18+2",
      "ip.flags.df 1 20+1",
      "ip.flags.mf 0 20+1",
      "ip.frag_offset 0 20+2",
      "ip.ttl 64 22+1",
      "ip.proto 6 23+1",
      "ip.checksum 0x0921 24+2",
      "ip.src 10.0.0.100 26+4",
      "ip.dst 10.0.0.10 30+4",
      "ip.options 5e04abcd 34+4",
      "tcp.srcport 40001 38+2",
      "tcp.dstport 80 40+2",
      "tcp.seq_raw 1000 42+4",
      "tcp.ack_raw 0 46+4",
      "tcp.hdr_len 28 50+1",
      "tcp.flags PA 50+2",
      "tcp.window_size_value 29200 52+2",
      "tcp.checksum 0xf4e3 54+2",
      "tcp.urgent_pointer 0 56+2",
      "tcp.options 0204057804020000 58+8",
      "data.data 6869 66+2",
      "data.len 2 66+2",
    ]);
  });

  it("number what occurs again, with offsets into the whole frame", () => {
    const ttl = fields(tunnelled).filter(({ name }) => name.startsWith("ip.ttl"));
    expect(ttl).to.deep.equal([
      { name: "ip.ttl", label: "Time to Live", offset: 22, length: 1, value: "64" },
      { name: "ip.ttl#2", label: "Time to Live", offset: 42, length: 1, value: "59" },
    ]);
    expect(fieldValue(tunnelled, "ip.id")).to.equal("0x0000");
    expect(fieldValue(tunnelled, "ip.id#2")).to.equal("0x1234");
    expect(fieldValue(tunnelled, "tcp.dstport")).to.equal("80");
  });

  it("of IPv6 come with its extension headers and what is behind them", () => {
    const frame = craft({
      "ipv6.src": "fd01::100",
      "ipv6.dst": "fd00::10",
      "ipv6.tclass": 0x2e,
      "ipv6.dstopts": "0000010400000000",
      "icmpv6.type": 128,
      "icmpv6.echo.identifier": 7,
      "icmpv6.echo.sequence_number": 1,
    });
    const shown = fields(decode(frame))
      .filter(({ name }) => !name.startsWith("eth."))
      .map(({ name, value, offset, length }) => `${name} ${value} ${offset}+${length}`);
    expect(shown).to.deep.equal([
      "ipv6.version 6 14+1",
      "ipv6.tclass 0x2e 14+2",
      "ipv6.flow 0x00000 15+3",
      "ipv6.plen 16 18+2",
      "ipv6.nxt 60 20+1",
      "ipv6.hlim 64 21+1",
      "ipv6.src fd01::100 22+16",
      "ipv6.dst fd00::10 38+16",
      "ipv6.dstopts 3a00010400000000 54+8",
      "icmpv6.type 128 62+1",
      "icmpv6.code 0 63+1",
      "icmpv6.checksum 0x84a2 64+2",
      "icmpv6.echo.identifier 0x0007 66+2",
      "icmpv6.echo.sequence_number 1 68+2",
    ]);
  });

  it("are undefined where there are none", () => {
    for (const name of [
      "ip.ttl#3",
      "tcp.dstport#2",
      "udp.dstport",
      "ip.ttll",
      "",
      "#",
      "ip.ttl#x",
      "icmp.mtu",
      "data.data",
    ]) {
      expect(fieldValue(tunnelled, name), name).to.equal(undefined);
    }
  });

  it("of a quoted header that is cut short are those that are there", () => {
    const quoted = craftIp(inner).subarray(0, 28);
    const packet = decode(craft({ "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1300, quoted }));
    expect(fields(packet).map(({ name }) => name))
      .to.include("tcp.seq_raw")
      .and.not.include("tcp.ack_raw");
    expect(fieldValue(packet, "tcp.dstport")).to.equal("80");
    expect(fieldValue(packet, "tcp.flags")).to.equal(undefined);
    expect(fieldValue(packet, "icmp.mtu")).to.equal("1300");
    expect(fieldValue(packet, "icmp.ident")).to.equal(undefined);
    expect(fieldValue(packet, "ip.ttl#2")).to.equal("59");
  });

  it("have values by their own names, and names that can be crafted", () => {
    fc.assert(
      fc.property(frameSpec, (spec) => {
        const packet = decode(craft(spec));
        for (const { name, value } of fields(packet)) {
          expect(fieldValue(packet, name)).to.equal(value);
          expect(FIELD_NAMES).to.include(name.replace(/#\d+$/, ""));
        }
      }),
    );
  });
});
