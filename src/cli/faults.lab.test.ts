import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Score } from "../report/faults.js";
import { RunFolder } from "./run.test-support.js";

describe("hopcheck faults", function () {
  this.timeout(300_000);
  let folder: RunFolder;
  beforeEach(() => {
    folder = new RunFolder();
  });
  afterEach(() => folder.remove());

  const faults = (...args: readonly string[]) => folder.start(["faults", ...args]).ended;

  it("catches a fault of the director, one of a real server and a naive checker, and blames nobody else", async () => {
    const { status, stdout } = await faults("NAT-REQ-06", "dr-arp-03", "NAT-TOP-03", "--out", "score.json");
    expect(status, stdout).to.equal(0);
    expect(stdout.match(/^✓ .*/gm)).to.deep.equal([
      "✓ NAT-REQ-06   caught    reference: the header checksum is that of the address before translation",
      "✓ NAT-REQ-06   caught    reference: the header checksum is wrong, of fragments behind the first alone",
      "✓ NAT-TOP-03   caught    checker: a naive checker denies: Real servers may be in another subnet",
      "✓ DR-ARP-03    caught    rs1: a real server answers a unicast who-has for the VIP (arp_ignore=0)",
      "✓ DR-ARP-03    caught    rs1: a real server stands in for its whole link (proxy_arp_pvlan), at once for who asks it alone",
    ]);
    const score = JSON.parse(readFileSync(join(folder.folder, "score.json"), "utf8")) as Score;
    expect(score).to.include({ faults: 5, caught: 5, exact: 5 });
    expect(score.proofs[0]?.cases).to.not.be.empty;
  });

  it("says in a word that there is no such fault", async () => {
    const { status, stderr } = await faults("GEN-TTL-99");
    expect(status).to.equal(2);
    expect(stderr).to.equal("hopcheck: no fault breaks a rule called GEN-TTL-99; `hopcheck rules` lists all rules\n");
  });
});
