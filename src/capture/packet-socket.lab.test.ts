import { expect } from "chai";
import { execa } from "execa";

/** In a namespace of its own: frames into one end of a veth pair, a socket that nobody reads at the other. */
const SCRIPT = `
const { AF_PACKET, SOCK_RAW, interfaceIndex, readable, sendThrough, socket } = await import(process.argv[1]);
const { bindPacketSocket, droppedBy, nicSocket } = await import(process.argv[2]);
const [buffer, count] = process.argv.slice(3, 5).map(Number);
const nic = nicSocket(buffer);
bindPacketSocket(nic, interfaceIndex("far"));
const out = socket(AF_PACKET, SOCK_RAW, 0);
const macs = "020000000002" + "020000000001";
const frame = Buffer.from((macs + process.argv[5]).padEnd(120, "0"), "hex");
for (let i = 0; i < count; i++) sendThrough(out, interfaceIndex("near"), frame);
console.log(JSON.stringify({ received: readable([nic]), dropped: droppedBy(nic), droppedLater: droppedBy(nic) }));
`;
const LINKS = `ip link add near type veth peer name far && ip link set near up && ip link set far up && exec "$@"`;

const IPV4 = "0800";
const VLAN_7 = "810000070800";
const PRIORITY_5 = "8100a0000800";

describe("a packet socket for a NIC", () => {
  async function sent(buffer: number, count: number, type: string) {
    const modules = ["./libc.js", "./packet-socket.js"].map((file) => new URL(file, import.meta.url).href);
    const user = process.getuid?.() === 0 ? [] : ["--map-root-user"];
    const node = [process.execPath, "--input-type=module", "--eval", SCRIPT, ...modules, `${buffer}`, `${count}`, type];
    const { stdout } = await execa("unshare", [...user, "--net", "sh", "-c", LINKS, "sh", ...node], {
      timeout: 15_000,
    });
    return JSON.parse(stdout);
  }

  it("holds what has not been read yet", async () => {
    expect(await sent(200_000, 100, IPV4)).to.deep.equal({ received: true, dropped: 0, droppedLater: 0 });
  });

  it("counts what it had no room for, once", async () => {
    const { received, dropped, droppedLater } = await sent(4096, 100, IPV4);
    expect([received, droppedLater]).to.deep.equal([true, 0]);
    expect(dropped).to.be.within(50, 99);
  });

  it("leaves out frames of a VLAN, which a host without it has no use for, but not those with a priority alone", async () => {
    expect(await sent(4096, 100, VLAN_7)).to.deep.equal({ received: false, dropped: 0, droppedLater: 0 });
    expect((await sent(4096, 1, PRIORITY_5)).received).to.equal(true);
  });
});
