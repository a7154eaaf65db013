import { expect } from "chai";
import { fieldRows, isUnchanged, namesOf } from "./field-rows.js";
import type { HopField } from "./hop-fields.js";

const hop = (values: Record<string, string>, change?: HopField["change"]): HopField[] =>
  Object.entries(values).map(([row, value]) => ({
    name: row.replace("tunnel ", ""),
    row,
    value,
    offset: 0,
    length: 1,
    ...(change && { change }),
  }));

describe("fieldRows", () => {
  it("puts a header that only some hops have where it stands there", () => {
    const rows = fieldRows([
      hop({ "eth.dst": "a", "ip.ttl": "61", "tcp.dstport": "80" }),
      hop({ "eth.dst": "b", "tunnel ip.ttl": "60", "ip.ttl": "60", "tcp.dstport": "80" }),
    ]);
    expect(rows.map(({ row }) => row)).to.deep.equal(["eth.dst", "tunnel ip.ttl", "ip.ttl", "tcp.dstport"]);
    expect(rows[1]?.cells.map((cell) => cell?.value)).to.deep.equal([undefined, "60"]);
  });

  it("tells what stays the same from what does not", () => {
    const unchanged = (...hops: HopField[][]) => fieldRows(hops).every(isUnchanged);
    expect(unchanged(hop({ "ip.ttl": "61" }), hop({ "ip.ttl": "61" }))).to.equal(true);
    expect(unchanged(hop({ "ip.ttl": "61" }), hop({ "ip.ttl": "60" }))).to.equal(false);
    expect(unchanged(hop({ "ip.ttl": "61" }), hop({}))).to.equal(false);
  });

  it("does not fold a field that should have changed and did not", () => {
    expect(fieldRows([hop({ "ip.ttl": "61" }), hop({ "ip.ttl": "61" }, "violation")]).every(isUnchanged)).to.equal(
      false,
    );
  });
});

describe("namesOf", () => {
  it("gives every name that the field has on its way", () => {
    const inTunnel = hop({ "ip.ttl": "60" }).map((field) => ({ ...field, name: "ip.ttl#2" }));
    expect(fieldRows([hop({ "ip.ttl": "61" }), inTunnel]).map(namesOf)).to.deep.equal(["ip.ttl / #2"]);
    expect(fieldRows([hop({ "ip.ttl": "61" })]).map(namesOf)).to.deep.equal(["ip.ttl"]);
  });
});
