import { expect } from "chai";
import type { Evidence } from "../evidence.js";
import type { Setup } from "../setup.js";
import { PaperLab } from "../testing/paper-lab.js";
import type { Capture } from "./capture.js";
import { capturesOf } from "./captures.test-support.js";
import { evidenceOf } from "./evidence.js";

function session(): PaperLab {
  const lab = new PaperLab("dr");
  for (let port = 40001; port < 40004; port++) {
    lab.request({ port, spec: { "ip.id": port } });
    lab.answer({ port, spec: { "ip.id": port } });
  }
  return lab;
}

describe("evidenceOf", () => {
  it("puts captures whose clocks differ onto one, and reports by how much they do", () => {
    const lab = session();
    const captures = capturesOf(lab.evidence(), { rs1: -3_000_000_000n, client: 7_200_000_000_000n });
    const { evidence, clocks, reference } = evidenceOf(lab.setup, captures);
    expect(reference).to.equal("director.pcap");
    const ahead = Object.fromEntries(clocks.map((clock) => [clock.file, Math.round(Number(clock.ahead) / 1e6)]));
    expect(ahead).to.include({ "rs1.pcap": -3000, "client.pcap": 7_200_000 });
    const longest = evidence.journeys.map(({ sightings }) => sightings.map(({ tap }) => tap).join(" "));
    expect(longest).to.include("client router/eth0 router/eth1 director director rs1");
  });

  it("follows journeys as if there were one clock, however the clocks differ", () => {
    const lab = session();
    const taps = ({ journeys }: Evidence) =>
      journeys.map(({ sightings }) => sightings.map(({ tap, direction }) => `${tap} ${direction}`).join(" ")).sort();
    const expected = taps(lab.evidence());
    for (const ahead of [{}, { director: 90_000_000_000n }, { rs1: 1n, router: -5n, client: 1500n }]) {
      expect(taps(evidenceOf(lab.setup, capturesOf(lab.evidence(), ahead)).evidence)).to.deep.equal(expected);
    }
  });

  it("follows what a clock of microseconds shows to have come in and gone out at once", () => {
    const lab = session();
    const taps = ({ journeys }: Evidence) =>
      journeys.map(({ sightings }) => sightings.map(({ tap, direction }) => `${tap} ${direction}`).join(" ")).sort();
    const coarse = capturesOf(lab.evidence()).map((capture) => ({
      ...capture,
      frames: capture.frames.map((frame) => ({ ...frame, time: (frame.time / 1_000_000n) * 1_000_000n })),
    }));
    expect(taps(evidenceOf(lab.setup, coarse).evidence)).to.deep.equal(taps(lab.evidence()));
  });

  it("tells what shares no packet with the others", () => {
    const lab = session();
    const [alone] = capturesOf(lab.evidence(), {}).filter(({ tap }) => tap === "rs1");
    const others = capturesOf(lab.evidence(), {}).filter(({ tap }) => tap === "client");
    const strange = { ...(alone as Capture), frames: [] };
    const { clocks } = evidenceOf(lab.setup, [...others, strange]);
    expect(clocks).to.deep.equal([{ file: "rs1.pcap", host: "rs1", ahead: 0n, drift: 0n, shared: 0 }]);
  });

  it("learns MACs that the setup leaves out, and says where it is wrong", () => {
    const lab = session();
    const blank: Setup = {
      ...lab.setup,
      hosts: lab.setup.hosts.map((host) => ({
        ...host,
        nics: host.nics.map((nic) => ({ ...nic, mac: host.name === "rs1" ? "02:00:00:00:00:77" : "" })),
      })),
    };
    const { evidence, contradictions } = evidenceOf(blank, capturesOf(lab.evidence(), {}));
    const macs = (setup: Setup) =>
      Object.fromEntries(setup.hosts.flatMap(({ name, nics }) => nics.map((nic) => [`${name} ${nic.name}`, nic.mac])));
    expect(macs(evidence.setup)).to.deep.equal({ ...macs(lab.setup), "rs2 eth0": "" });
    expect(contradictions).to.deep.equal([
      "The setup gives rs1 the MAC 02:00:00:00:00:77, but in the captures it has 02:00:00:00:00:11.",
    ]);
  });

  it("takes frames that a mirror port recorded twice for one", () => {
    const lab = session();
    const twice = capturesOf(lab.evidence(), {}).map((capture) => ({
      ...capture,
      frames: capture.frames.flatMap((frame) => [frame, { ...frame, time: frame.time + 200n }]),
    }));
    const { evidence, files } = evidenceOf(lab.setup, twice);
    expect(evidence.frames.length).to.equal(lab.evidence().frames.length);
    expect(files.every(({ frames, copies }) => copies === frames / 2)).to.equal(true);
  });
});
