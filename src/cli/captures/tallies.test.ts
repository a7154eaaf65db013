import { expect } from "chai";
import type { Selection } from "../../forwarding/screen/select.js";
import { REASON } from "../../forwarding/screen/sort.js";
import { alikeLines, unjudged } from "./tallies.js";

const alike = {
  service: "10.0.0.10:80/tcp",
  reasons: 0,
  isOfStreams: false,
  connections: 40_000,
  packets: 5_000_000,
  judged: { connections: 12, packets: 190 },
};
const different = {
  service: "10.0.0.10:80/tcp",
  reasons: REASON.differs | REASON.peer,
  isOfStreams: false,
  connections: 3000,
  packets: 90_000,
  judged: { connections: 120, packets: 13_000 },
};

function selection(tallies: Selection["tallies"], unscreened = 0): Selection {
  return { chosen: { cells: new Int32Array(), size: 0, stride: 3 }, segments: new Uint8Array(), tallies, unscreened };
}

describe("what a screen found", () => {
  it("is told of connections that are alike, and takes nothing away from the verdict", () => {
    expect(alikeLines(selection([alike]))).to.deep.equal([
      "10.0.0.10:80/tcp: 40,000 connections with 5,000,000 packets are the same in all captures, of one kind; 12 of these were judged one by one",
    ]);
    expect(unjudged(selection([alike]), 0)).to.equal(undefined);
  });

  it("is told of connections that are alike but for their cuts", () => {
    expect(alikeLines(selection([{ ...alike, isOfStreams: true }]))).to.deep.equal([
      "10.0.0.10:80/tcp: 40,000 connections with 5,000,000 packets are the same in all captures but for what NICs cut and what was not recorded, of one kind; 12 of these were judged one by one",
    ]);
  });

  it("is never silent about what was not judged", () => {
    const kinds = [alike, different, { ...different, connections: 500, judged: { connections: 10, packets: 20 } }];
    expect(unjudged(selection(kinds, 70_000), 1200)).to.equal(
      "Of 3,500 connections to 10.0.0.10:80/tcp that are those of clients about which there are errors, fragments or other packets, 130 were judged. " +
        "70,000 packets are of more connections than can be remembered, and were not judged. " +
        "1,200 packets of no service, from or to the setup's hosts, were not judged. " +
        "Captures of a shorter time, or of fewer clients, can be judged as a whole.",
    );
  });

  it("is nothing to be said of connections that were all judged, whatever is the matter with them", () => {
    const all = { ...different, judged: { connections: 3000, packets: 90_000 } };
    expect(unjudged(selection([all]), 0)).to.equal(undefined);
  });
});
