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
