import { expect } from "chai";
import { fieldRows, headerOf, isUnchanged } from "./field-rows.js";
import type { HopField, HopResult } from "./result.js";

const hop = (fields: Record<string, string>, change?: HopField["change"]): HopResult => ({
  tap: "t",
  host: "h",
  direction: "in",
  frames: [1],
  timeNs: 0,
  bytes: "",
  fields: Object.entries(fields).map(([name, value]) => ({
    name,
    value,
    offset: 0,
    length: 1,
    ...(change && { change }),
  })),
});

describe("fieldRows", () => {
  it("puts a header that only some hops have where it stands there", () => {
    const rows = fieldRows([
      hop({ "eth.dst": "a", "ip.ttl": "61", "tcp.dstport": "80" }),
      hop({ "eth.dst": "b", "ip.ttl": "60", "ip.ttl#2": "60", "tcp.dstport": "80" }),
    ]);
    expect(rows.map(({ name }) => name)).to.deep.equal(["eth.dst", "ip.ttl", "ip.ttl#2", "tcp.dstport"]);
    expect(rows[2]?.cells.map((cell) => cell?.value)).to.deep.equal([undefined, "60"]);
  });

  it("tells what stays the same from what does not", () => {
    const unchanged = (...hops: HopResult[]) => fieldRows(hops).every(isUnchanged);
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

describe("headerOf", () => {
  it("tells the inner header from the outer", () => {
    expect(["eth.dst", "ip.ttl", "ip.flags.df#2"].map(headerOf)).to.deep.equal(["eth", "ip", "ip#2"]);
  });
});
