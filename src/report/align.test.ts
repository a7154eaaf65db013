import { expect } from "chai";
import { craft, craftIp, type PacketSpec } from "../packet/craft.js";
import { decode } from "../packet/packet.js";
import { alignedFields, headerOf, nameIn, rowIn } from "./align.js";

const eth = { "eth.src": "02:00:00:00:00:01", "eth.dst": "02:00:00:00:00:02" };
const ends = { "ip.src": "172.16.0.100", "ip.dst": "10.0.0.10" };
const plain = { ...ends, "ip.ttl": 61, "udp.srcport": 1, "udp.dstport": 53 };
const outer = { "ip.src": "10.0.0.1", "ip.dst": "10.9.0.12", "ip.ttl": 60 };

/** `row=value (name)` of one kind of field. */
const rows = (spec: PacketSpec, field: string) =>
  alignedFields(decode(craft({ ...eth, ...spec })))
    .filter(({ name }) => name.split("#")[0] === field)
    .map(({ row, name, value }) => `${row}=${value} (${name})`);

describe("alignedFields", () => {
  it("leaves a packet without a tunnel as it is", () => {
    expect(rows(plain, "ip.ttl")).to.deep.equal(["ip.ttl=61 (ip.ttl)"]);
  });

  it("gives the packet in a tunnel the rows that it had before", () => {
    expect(rows({ ...outer, inner: plain }, "ip.ttl")).to.deep.equal([
      "tunnel ip.ttl=60 (ip.ttl)",
      "ip.ttl=61 (ip.ttl#2)",
    ]);
  });

  it("counts tunnels from the innermost outwards: what was there keeps its row", () => {
    expect(rows({ ...outer, "ip.ttl": 59, inner: { ...outer, inner: plain } }, "ip.ttl")).to.deep.equal([
      "tunnel ip.ttl#2=59 (ip.ttl)",
      "tunnel ip.ttl=60 (ip.ttl#2)",
      "ip.ttl=61 (ip.ttl#3)",
    ]);
  });

  it("keeps the families apart, and counts all headers that a tunnel adds", () => {
    const six = { "ipv6.src": "fd00::1", "ipv6.dst": "fd09::12", "ipv6.hlim": 60 };
    expect(rows({ ...six, inner: plain }, "ipv6.hlim")).to.deep.equal(["tunnel ipv6.hlim=60 (ipv6.hlim)"]);
    expect(rows({ ...six, inner: plain }, "ip.ttl")).to.deep.equal(["ip.ttl=61 (ip.ttl)"]);
    const inner = { "ipv6.src": "fd01::100", "ipv6.hlim": 61, "ipv6.fraghdr.ident": 7, "udp.dstport": 53 };
    const gue = { ...six, "gue.flags": 0, "gre.key": 7, inner };
    expect(rows(gue, "ipv6.hlim")).to.deep.equal(["tunnel ipv6.hlim=60 (ipv6.hlim)", "ipv6.hlim=61 (ipv6.hlim#2)"]);
    expect(rows(gue, "ipv6.fraghdr.ident")).to.deep.equal(["ipv6.fraghdr.ident=0x00000007 (ipv6.fraghdr.ident#2)"]);
    expect(rows(gue, "udp.dstport")).to.deep.equal([
      "tunnel udp.dstport=6080 (udp.dstport)",
      "udp.dstport=53 (udp.dstport#2)",
    ]);
    expect(rows(gue, "gre.key")).to.deep.equal(["tunnel gre.key=0x00000007 (gre.key)"]);
  });

  it("takes no quote of an ICMP error for a tunnel", () => {
    const error = { ...outer, "icmp.type": 3, "icmp.code": 1, quoted: craftIp(plain) };
    expect(rows(error, "ip.ttl")).to.deep.equal(["ip.ttl=60 (ip.ttl)", "ip.ttl#2=61 (ip.ttl#2)"]);
    expect(rows({ ...outer, inner: error }, "ip.ttl")).to.deep.equal([
      "tunnel ip.ttl=60 (ip.ttl)",
      "ip.ttl=60 (ip.ttl#2)",
      "ip.ttl#2=61 (ip.ttl#3)",
    ]);
  });

  it("translates between names and rows both ways", () => {
    const packet = decode(craft({ ...eth, ...outer, inner: plain }));
    expect(nameIn(packet, "ip.options")).to.equal("ip.options#2");
    expect(rowIn(packet, "ip.options#2")).to.equal("ip.options");
    expect(rowIn(packet, "ip.options")).to.equal("tunnel ip.options");
    expect(nameIn(packet, "udp.srcport")).to.equal("udp.srcport");
  });
});

describe("headerOf", () => {
  it("tells the headers of one protocol apart", () => {
    const headers = ["eth.dst", "ip.ttl", "ip.flags.df#2", "tunnel ip.ttl"].map(headerOf);
    expect(headers).to.deep.equal(["eth", "ip", "ip#2", "tunnel ip"]);
  });
});
