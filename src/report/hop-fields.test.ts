import { expect } from "chai";
import { craft, type PacketSpec } from "../packet/craft.js";
import { exampleResult } from "./example.js";
import { type HopField, journeyFields } from "./hop-fields.js";
import type { HopResult } from "./result.js";

const frame: PacketSpec = {
  "eth.src": "02:00:00:00:00:01",
  "eth.dst": "02:00:00:00:00:02",
  "ip.src": "172.16.0.100",
  "ip.dst": "10.0.0.10",
  "udp.srcport": 1,
  "udp.dstport": 53,
};

function hop(spec: PacketSpec, most = 256, changed?: HopResult["changed"]): HopResult {
  const bytes = craft({ ...frame, ...spec });
  const common = { tap: "t", host: "h", direction: "in", frames: [1], timeNs: 0, length: bytes.length } as const;
  const hex = Buffer.from(bytes.subarray(0, most)).toString("hex");
  return { ...common, bytes: hex, ...(changed && { changed }) };
}

const names = (fields: readonly HopField[] = []) => fields.map(({ name }) => name);
const shown = (fields: readonly HopField[] = []) =>
  fields.map(({ name, value, change }) => `${name}=${value} ${change}`);

describe("journeyFields", () => {
  it("reads the fields from the bytes", () => {
    const [fields] = journeyFields([hop({ payload: "abc" })]);
    expect(shown(fields)).to.include.members(["eth.dst=02:00:00:00:00:02 undefined", "data.len=3 undefined"]);
  });

  it("shows of a long datagram the headers, and nothing that the cut made wrong", () => {
    const [whole] = journeyFields([hop({ payload: "x".repeat(600) }, 1000)]);
    const [cut] = journeyFields([hop({ payload: "x".repeat(600) })]);
    expect(names(whole).filter((name) => !names(cut).includes(name))).to.deep.equal(["data.data", "data.len"]);
    expect(cut).to.deep.equal(whole?.filter(({ name }) => !name.startsWith("data.")));
  });

  it("shows nothing wrong, wherever the cut is", () => {
    const tunnel = { ...frame, "ip.options": "01010101", inner: { ...frame, "eth.src": undefined } };
    const specs: PacketSpec[] = [
      { payload: "payload" },
      { "udp.srcport": undefined, "udp.dstport": undefined, "tcp.srcport": 1, "tcp.options": "020405b4", payload: "x" },
      {
        ...tunnel,
        "udp.srcport": undefined,
        "udp.dstport": undefined,
        inner: { "ip.src": "1.2.3.4", "ip.dst": "5.6.7.8", "udp.srcport": 7 },
      },
    ];
    for (const spec of specs) {
      const [whole = []] = journeyFields([hop(spec, 1000)]);
      const known = new Map(whole.map(({ name, value }) => [name, value]));
      const total = hop(spec).length;
      for (let most = 0; most < total; most += 1) {
        for (const { name, value } of journeyFields([hop(spec, most)])[0] ?? []) {
          expect(value, `${name} after ${most} bytes`).to.equal(known.get(name));
        }
      }
    }
  });

  it("keeps the payload where the cut takes away no more than padding", () => {
    const padded = hop({ payload: "abc" });
    const [fields] = journeyFields([{ ...padded, bytes: `${padded.bytes}0000`, length: 300 }]);
    expect(shown(fields)).to.include("data.len=3 undefined");
  });

  it("marks what changed, and the header that a tunnel put around the packet", () => {
    const tunnel = exampleResult().scenarios[2]?.journeys[0]?.hops ?? [];
    const marked = journeyFields(tunnel)[2]?.filter(({ change }) => change !== undefined);
    expect(marked?.filter(({ change }) => change === "allowed").map(({ name }) => name)).to.deep.equal([
      "eth.dst",
      "eth.src",
      "ip.ttl#2",
      "ip.checksum#2",
    ]);
    expect(
      new Set(marked?.filter(({ change }) => change === "added").map(({ row }) => row.split(".")[0])),
    ).to.deep.equal(new Set(["tunnel ip"]));
  });

  it("shows what changed and is not there: lost, beyond the cut, or no field of a table", () => {
    const lost = journeyFields([hop({}), hop({}, 256, [{ field: "ip.options", verdict: "violation" }])])[1];
    expect(shown(lost)).to.include("ip.options=none violation");
    const long = hop({ payload: "x".repeat(600) }, 256, [{ field: "data.data", verdict: "allowed" }]);
    expect(shown(journeyFields([hop({}), long])[1])).to.include("data.data=not kept allowed");
    const option = hop({}, 256, [{ field: "tcp.options.mss_val", verdict: "violation" }]);
    expect(shown(journeyFields([option])[0])).to.include("tcp.options.mss_val= violation");
  });

  it("takes bytes that are no frame, or none at all", () => {
    expect(
      journeyFields([
        { ...hop({}), bytes: "" },
        { ...hop({}), bytes: "zz" },
      ]),
    ).to.deep.equal([[], []]);
  });
});
