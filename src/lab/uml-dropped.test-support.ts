/** A program: a guest sends frames over a wire that takes them, and over one that is down; prints what it dropped after each. */
import { arrive, insideIsolation, isolate } from "./isolation.js";

if (!insideIsolation()) process.exit(await isolate());
arrive();
const { Fabric } = await import("./fabric.js");
const fabric = await Fabric.open(1);
const uml = await fabric.uml();
const host = await uml.takeHost("host");
const { name, wire } = uml.takeNic();
await host.adopt([name]);
await fabric.shell.run("the fabric", ["ip", "link", "set", wire.port, "up"]);
await host.ip([`link set ${name} up`]);
const frame = Buffer.from(`${"020000000001"}${"020000000002"}0800${"00".repeat(46)}`, "hex");
const dropped: number[] = [];
for (const state of ["up", "down"]) {
  await fabric.shell.run("the fabric", ["ip", "link", "set", wire.port, state]);
  for (let i = 0; i < 3; i++) await host.send(name, frame);
  dropped.push(await uml.dropped());
}
process.stdout.write(JSON.stringify(dropped));
process.exit();
