import { expect } from "chai";
import fc from "fast-check";
import { craftIp, type PacketSpec } from "../../packet/craft.js";
import type { Packet } from "../../packet/packet.js";
import { SCTP_CHUNK } from "../../packet/sctp.js";
import {
  CIP,
  checksums,
  ipBytes,
  MAC,
  natTestbed,
  oneLinkTestbed,
  server,
  service,
  type Testbed,
  VIP,
  withoutEthernet,
} from "./testbed.js";

const RIPS = ["192.168.10.11", "192.168.10.12"];
const SCTP = { port: 132, protocol: "sctp" } as const;

function nat(port = 1320): Testbed {
  return natTestbed({
    services: [
      service(
        "nat",
        RIPS.map((ip) => server(ip, ip, { port })),
        SCTP,
      ),
    ],
  });
}

/** A chunk of the client's to VIP:132; without a type an INIT. */
function chunk(srcPort: number, type?: number, more: PacketSpec = {}): PacketSpec {
  const addresses = { "eth.src": MAC.client, "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP, "ip.ttl": 61 };
  const head = type === undefined ? {} : { payload: Uint8Array.of(type, 0, 0, 4) };
  return { ...addresses, "sctp.srcport": srcPort, "sctp.dstport": 132, "sctp.verification_tag": 7, ...head, ...more };
}

function fromServer(rip: string | undefined, dstPort: number, type: number): PacketSpec {
  const addresses = { "eth.dst": MAC.eth1, "ip.src": rip, "ip.dst": CIP };
  const payload = Uint8Array.of(type, 0, 0, 4);
  return { ...addresses, "sctp.srcport": 1320, "sctp.dstport": dstPort, payload };
}

function ports({ ip, sctp }: Packet): string {
  return `${ip?.src}:${sctp?.srcPort} > ${ip?.dst}:${sctp?.dstPort}`;
}

describe("reference director: SCTP", () => {
  it("schedules an INIT, and lets the other chunks follow it both ways (NAT-SCTP-01)", () => {
    const bed = nat();
    for (const port of [5000, 5001]) {
      const init = bed.exchange("eth0", chunk(port));
      const rip = init.ip?.dst;
      expect(ports(init)).to.equal(`${CIP}:${port} > ${rip}:1320`);
      expect(checksums(init)).to.equal("ip valid, l4 valid");
      const answer = bed.exchange("eth1", fromServer(rip, port, SCTP_CHUNK.initAck));
      expect(ports(answer)).to.equal(`${VIP}:132 > ${CIP}:${port}`);
      expect(checksums(answer)).to.equal("ip valid, l4 valid");
      expect(bed.exchange("eth0", chunk(port, SCTP_CHUNK.cookieEcho)).ip?.dst).to.equal(rip);
    }
  });

  it("opens no association with any other chunk", () => {
    const silent = [
      chunk(5000, SCTP_CHUNK.data),
      chunk(5001, SCTP_CHUNK.abort),
      chunk(5002, undefined, { payload: "" }),
    ];
    for (const spec of silent) {
      const packet = nat().exchange("eth0", spec);
      expect([packet.ip?.src, packet.icmp?.type, packet.icmp?.code], "no SCTP here").to.deep.equal([VIP, 3, 2]);
    }
  });

  it("schedules an INIT afresh where the association has ended", () => {
    for (const last of [SCTP_CHUNK.abort, SCTP_CHUNK.shutdownComplete]) {
      const bed = nat();
      const [first, again] = [chunk(5000), chunk(5000)].map((spec) => bed.exchange("eth0", spec).ip?.dst);
      expect(again).to.equal(first);
      bed.receive("eth0", chunk(5000, last));
      expect(bed.exchange("eth0", chunk(5000)).ip?.dst).not.to.equal(first);
    }
  });

  it("keeps a wrong CRC32c wrong by the same bits (GEN-L4-01)", () => {
    const right = nat().exchange("eth0", chunk(5000)).sctp?.checksum ?? 0;
    const sent = craftIp(withoutEthernet(chunk(5000)));
    const crc = new DataView(sent.buffer, sent.byteOffset).getUint32(28);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), (error) => {
        const packet = nat().exchange("eth0", chunk(5000, undefined, { "sctp.checksum": (crc ^ error) >>> 0 }));
        expect(((packet.sctp?.checksum ?? 0) ^ right) >>> 0).to.equal(error);
      }),
      { numRuns: 50 },
    );
  });

  it("does not touch the checksum where the port stays, nor in DR and TUN", () => {
    const wrong = { "sctp.checksum": "0x11111111" };
    expect(nat(132).exchange("eth0", chunk(5000, undefined, wrong)).sctp?.checksum).to.equal(0x11111111);
    for (const model of ["dr", "tun"] as const) {
      const bed = oneLinkTestbed(model, { services: [service(model, [server("rs1", "10.0.0.11")], SCTP)] });
      const packet = bed.exchange("eth0", chunk(5000, undefined, wrong));
      const bytes = model === "dr" ? ipBytes(packet) : packet.inner?.bytes;
      expect(bytes).to.deep.equal(craftIp({ ...withoutEthernet(chunk(5000, undefined, wrong)), "ip.ttl": 60 }));
    }
  });

  it("translates ICMP errors that quote enough of a packet", () => {
    const bed = nat();
    const init = bed.exchange("eth0", chunk(5000));
    for (const length of [1000, 32]) {
      const error = { "icmp.type": 3, "icmp.code": 1, quoted: ipBytes(init).subarray(0, length) };
      const { quoted } = bed.exchange("eth1", { "eth.dst": MAC.eth1, "ip.src": init.ip?.dst, "ip.dst": CIP, ...error });
      expect(quoted && ports(quoted)).to.equal(`${CIP}:5000 > ${VIP}:132`);
    }
  });
});
