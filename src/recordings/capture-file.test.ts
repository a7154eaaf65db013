import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { captureFrames } from "../capture/read-capture.js";
import { craft } from "../packet/craft.js";
import type { Frame } from "../packet/frame.js";
import { decodeLink } from "../packet/link.js";
import { decode } from "../packet/packet.js";
import { captureFile } from "./capture-file.js";
import type { FileOptions } from "./recording.js";

const START = 1_717_401_600_000_000_000n;
const SECOND = 1_000_000_000n;

describe("captureFile", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-recording-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const frames = ["client", "director/eth0", "director/eth1", "client"].map((tap, index): Frame => {
    const macs = { "eth.src": "02:00:ac:10:00:64", "eth.dst": "02:00:0a:00:00:01" };
    const bytes = craft({ ...macs, "ip.src": "172.16.0.100", "ip.dst": "10.0.0.10", "udp.dstport": 53, payload: "q" });
    const common = { number: index + 1, tap, host: tap.replace(/\/.*/, ""), direction: "out" as const };
    const time = 1_234n + BigInt(index) * SECOND;
    return { ...common, time, bytes, wireLength: bytes.length, checksumReady: true, packet: decode(bytes) };
  });

  async function read(name: string, options: FileOptions) {
    const file = join(folder, name);
    writeFileSync(file, captureFile(name, options, frames));
    const found: { time: bigint; bytes: Uint8Array; wireLength: number; linkType: number }[] = [];
    const { flaw } = await captureFrames(file, (frame) => found.push({ ...frame }));
    expect(flaw).to.equal(undefined);
    return found;
  }

  it("has the frames of the tap that the file is called by, in each of the formats", async () => {
    for (const name of ["client.pcap", "client.pcapng", "client.pcap.gz", "client.pcapng.gz"]) {
      const found = await read(name, {});
      expect(found.map(({ time }) => time)).to.deep.equal([START, START + 3n * SECOND]);
      expect(Buffer.from(found[0]?.bytes ?? []).equals(Buffer.from(frames[0]?.bytes ?? []))).to.equal(true);
    }
    expect(await read("all.pcap", { tap: "director" })).to.have.length(2);
    expect(await read("eth1.pcap", { tap: "director/eth1" })).to.have.length(1);
    expect(await read("nobody.pcap", {})).to.deep.equal([]);
  });

  it("goes by a clock of its own", async () => {
    const found = await read("client.pcap", { ahead: -0.04, drift: 50, nanoseconds: true });
    expect(found.map(({ time }) => time - START)).to.deep.equal([-40_000_000n, 3n * SECOND - 40_000_000n + 150_000n]);
  });

  it("lacks what came before it began, and what is behind its snap length", async () => {
    const [only, ...others] = await read("client.pcap", { after: 1, snap: 20 });
    expect(others).to.deep.equal([]);
    expect(only?.bytes).to.have.length(20);
    expect(only?.wireLength).to.equal(frames[0]?.wireLength);
  });

  it("has every frame twice, as a mirror port delivers it", async () => {
    const found = await read("client.pcap", { mirrored: true });
    expect(found.map(({ time }) => time - START)).to.deep.equal([0n, 4_000n, 3n * SECOND, 3n * SECOND + 4_000n]);
  });

  it("is cooked as libpcap does it, by either version", async () => {
    for (const [cooked, linkType] of [
      ["sll", 113],
      ["sll2", 276],
    ] as const) {
      const [first] = await read("director.pcap", { cooked });
      expect(first?.linkType).to.equal(linkType);
      const { sll, ip, udp } = decodeLink(linkType, first?.bytes ?? new Uint8Array());
      expect(sll).to.include({ isOutgoing: true, src: "02:00:ac:10:00:64", protocol: 0x0800 });
      expect([ip?.dst, udp?.dstPort]).to.deep.equal(["10.0.0.10", 53]);
    }
  });
});
