import { expect } from "chai";
import { looksUnfilled } from "../forwarding/offload.js";
import { l4ChecksumState } from "../packet/checksum.js";
import { craft } from "../packet/craft.js";
import { fragment } from "../packet/fragment.js";
import type { Direction, Frame } from "../packet/frame.js";
import { decode } from "../packet/packet.js";
import { offloaded } from "./offload.js";

describe("offloaded", () => {
  const CONTENT = "0123456789abcdefghij";
  let number = 0;

  function frame(direction: Direction, bytes: Uint8Array): Frame {
    number += 1;
    const common = { number, tap: "client", host: "client", direction, time: BigInt(number) };
    return { ...common, bytes, wireLength: bytes.length, checksumReady: true, packet: decode(bytes) };
  }

  function segment(direction: Direction, from: number, to: number, more: Record<string, string | number> = {}): Frame {
    const addresses = { "ip.src": "172.16.0.100", "ip.dst": "10.0.0.10", "tcp.srcport": 50000, "tcp.dstport": 80 };
    const sent = { "tcp.flags": "A", "tcp.seq_raw": 1000 + from, payload: CONTENT.slice(from, to), ...more };
    return frame(direction, craft({ ...addresses, ...sent }));
  }

  it("makes one frame of segments that follow on each other, as a NIC that cuts or joins them shows", () => {
    for (const direction of ["out", "in"] as const) {
      const parts = [
        segment(direction, 0, 8),
        segment(direction, 8, 16),
        segment(direction, 16, 20, { "tcp.flags": "PA" }),
      ];
      const [whole, ...others] = offloaded(parts);
      expect(others).to.deep.equal([]);
      expect(String(Buffer.from(whole?.packet.payload ?? []))).to.equal(CONTENT);
      expect(whole?.packet.ip?.length).to.equal(40 + CONTENT.length);
      expect(whole?.packet.ip4?.checksumValid).to.equal(true);
      expect(whole?.packet.tcp?.flagsText).to.equal("PA");
      expect(whole && looksUnfilled(whole.packet)).to.equal(true);
      expect(whole?.time).to.equal(parts.at(direction === "out" ? 0 : -1)?.time);
    }
  });

  it("joins nothing that a NIC would not: a gap, another acknowledgement, a PSH before, no data, another direction", () => {
    const pairs = [
      [segment("out", 0, 8), segment("out", 9, 16)],
      [segment("out", 0, 8), segment("out", 8, 16, { "tcp.ack_raw": 7 })],
      [segment("out", 0, 8, { "tcp.flags": "PA" }), segment("out", 8, 16)],
      [segment("out", 0, 0), segment("out", 0, 8)],
      [segment("out", 0, 8), segment("in", 8, 16)],
      [segment("out", 0, 8), segment("out", 8, 16, { "tcp.options": "0101" })],
    ];
    for (const pair of pairs) expect(offloaded(pair)).to.have.length(2);
  });

  it("leaves the checksum of what is sent alone to the NIC, and not that of what comes in alone", () => {
    const [sent, received] = offloaded([segment("out", 0, 8), segment("in", 0, 8)]);
    expect(sent && looksUnfilled(sent.packet)).to.equal(true);
    expect(received && l4ChecksumState(received.packet)).to.equal("valid");
  });

  it("leaves ARP as it is, and fragments, whose checksum no NIC fills in", () => {
    const arp = craft({ "arp.opcode": 1, "arp.src.proto_ipv4": "10.0.0.1", "arp.dst.proto_ipv4": "10.0.0.2" });
    const whole = craft({
      "ip.src": "172.16.0.100",
      "ip.dst": "10.0.0.10",
      "udp.dstport": 53,
      payload: "x".repeat(64),
    });
    const frames = [arp, ...fragment(whole, 32)].map((bytes) => frame("out", bytes));
    expect(offloaded(frames)).to.deep.equal(frames);
  });
});
