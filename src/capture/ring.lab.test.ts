import { expect } from "chai";
import { execa } from "execa";

/** In a namespace of its own: datagrams over the loopback of which nobody takes one until all have been sent. */
const SCRIPT = `
import { createSocket } from "node:dgram";
const { Ring } = await import(process.argv[1]);
const [, , bytes, slot, count, length] = process.argv.map(Number);
const ring = new Ring(bytes, slot);
const socket = createSocket("udp4");
await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
const send = (i) => new Promise((resolve) => socket.send(Buffer.alloc(length, i), 9, "127.0.0.1", resolve));
for (let i = 0; i < count; i++) await send(i & 0xff);
const frames = [];
ring.drain((frame) => frames.push(frame));
const requests = frames.filter((frame) => frame.outgoing && frame.bytes[23] === 17);
console.log(JSON.stringify({
  lost: ring.lost,
  lostLater: ring.lost,
  recorded: frames.length,
  requests: requests.map((frame) => frame.bytes[42]),
  lengths: [...new Set(requests.map((frame) => [frame.bytes.length, frame.wireLength].join()))],
  inOrder: frames.every((frame, i) => i === 0 || frame.time >= frames[i - 1].time),
}));
process.exit();
`;

describe("Ring", () => {
  async function recorded(bytes: number, slot: number, count: number, length: number) {
    const ring = new URL("./ring.js", import.meta.url).href;
    const user = process.getuid?.() === 0 ? [] : ["--map-root-user"];
    const node = [process.execPath, "--input-type=module", "--eval", SCRIPT, ring];
    const script = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...node];
    const numbers = [bytes, slot, count, length].map(String);
    const { stdout } = await execa("unshare", [...user, "--net", ...script, ...numbers], { timeout: 15_000 });
    return JSON.parse(stdout);
  }

  it("records every frame in order, with its whole length", async () => {
    const { lost, requests, lengths, inOrder } = await recorded(8 << 20, 2048, 500, 100);
    expect(lost).to.equal(0);
    expect(inOrder).to.equal(true);
    expect(requests).to.deep.equal(Array.from({ length: 500 }, (_, i) => i & 0xff));
    expect(lengths).to.deep.equal(["142,142"]);
  });

  it("counts what it could not record, once it was full", async () => {
    const { lost, lostLater, recorded: kept } = await recorded(1 << 20, 2048, 2000, 100);
    expect(kept).to.equal(512);
    expect(lost).to.be.at.least(2000 - 512);
    expect(lostLater).to.equal(lost);
  });

  it("keeps the bytes that a slot has room for, and says how many there were", async () => {
    expect((await recorded(1 << 20, 2048, 1, 8000)).lengths).to.deep.equal(["1982,8042"]);
    expect((await recorded(1 << 20, 16_384, 1, 8000)).lengths).to.deep.equal(["8042,8042"]);
  });
});
