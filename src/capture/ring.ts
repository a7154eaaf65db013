import {
  AF_PACKET,
  mapShared,
  readable,
  SOCK_CLOEXEC,
  SOCK_RAW,
  sendThrough,
  setsockopt,
  socket,
  waitReadable,
} from "./libc.js";
import { bindPacketSocket, droppedBy, int32, SOL_PACKET } from "./packet-socket.js";

/** A frame as the kernel recorded it. `bytes` is a copy and may be kept. */
export interface RawFrame {
  readonly interfaceIndex: number;
  /** True for a frame that left through the interface, false for one that came in (sll_pkttype). */
  readonly outgoing: boolean;
  /** Nanoseconds since the epoch, taken by the kernel. */
  readonly time: bigint;
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  /** False where TP_STATUS_CSUMNOTREADY says that the checksum was left to hardware. */
  readonly checksumReady: boolean;
}

const PACKET_RX_RING = 5;
const PACKET_VERSION = 10;
const TPACKET_V2 = 1;

const STATUS_USER = 1;
const STATUS_LOSING = 1 << 2;
const STATUS_CSUMNOTREADY = 1 << 3;
const STATUS_VLAN_VALID = 1 << 4;
const STATUS_VLAN_TPID_VALID = 1 << 6;

/** struct tpacket2_hdr and, 16-aligned behind it, struct sockaddr_ll (uapi/linux/if_packet.h). */
const STATUS = 0;
const LENGTH = 4;
const CAPTURED = 8;
const MAC = 12;
const SECONDS = 16;
const NANOSECONDS = 20;
const VLAN_TCI = 24;
const VLAN_TPID = 26;
const SLL_IFINDEX = 32 + 4;
const SLL_PKTTYPE = 32 + 10;
const PACKET_OUTGOING = 4;

const EVERY_INTERFACE = 0;
const BLOCK = 1 << 20;
const VLAN_ETHERTYPE = 0x8100;

/**
 * One TPACKET_V2 ring over every interface of the network namespace it is opened in.
 *
 * One ring, because one ring has one order: the kernel enters frames as they pass, whatever the interface, with
 * direction and time. libpcap offers either one interface (and a direction only by a filter that loses the first
 * frame) or all of them without the destination MAC.
 *
 * @see Documentation/networking/packet_mmap.rst
 */
export class Ring {
  readonly #fd: number;
  readonly #memory: Buffer;
  readonly #slots: number;
  readonly #slotSize: number;
  #next = 0;
  #lost = 0;

  /** @param bytes of memory; a frame takes 2 KiB of it. */
  constructor(bytes = 64 << 20, slotSize = 2048) {
    this.#fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    setsockopt(this.#fd, SOL_PACKET, PACKET_VERSION, int32(TPACKET_V2), 4);
    const request = Buffer.alloc(16);
    const blocks = Math.ceil(bytes / BLOCK);
    this.#slotSize = slotSize;
    this.#slots = (BLOCK / slotSize) * blocks;
    request.writeUInt32LE(BLOCK, 0);
    request.writeUInt32LE(blocks, 4);
    request.writeUInt32LE(slotSize, 8);
    request.writeUInt32LE(this.#slots, 12);
    setsockopt(this.#fd, SOL_PACKET, PACKET_RX_RING, request, 16);
    this.#memory = mapShared(this.#fd, blocks * BLOCK);
    bindPacketSocket(this.#fd, EVERY_INTERFACE);
  }

  /** Takes every frame that the kernel has recorded so far, in order. */
  drain(take: (frame: RawFrame) => void): void {
    const memory = this.#memory;
    for (;;) {
      const slot = this.#next * this.#slotSize;
      const status = memory.readUInt32LE(slot + STATUS);
      if ((status & STATUS_USER) === 0) return;
      const start = slot + memory.readUInt16LE(slot + MAC);
      let bytes = Uint8Array.from(memory.subarray(start, start + memory.readUInt32LE(slot + CAPTURED)));
      let wireLength = memory.readUInt32LE(slot + LENGTH);
      if (status & STATUS_VLAN_VALID) {
        const tpid = status & STATUS_VLAN_TPID_VALID ? memory.readUInt16LE(slot + VLAN_TPID) : VLAN_ETHERTYPE;
        bytes = withVlanTag(bytes, tpid, memory.readUInt16LE(slot + VLAN_TCI));
        wireLength += 4;
      }
      const frame: RawFrame = {
        interfaceIndex: memory.readInt32LE(slot + SLL_IFINDEX),
        outgoing: memory[slot + SLL_PKTTYPE] === PACKET_OUTGOING,
        time:
          BigInt(memory.readUInt32LE(slot + SECONDS)) * 1_000_000_000n +
          BigInt(memory.readUInt32LE(slot + NANOSECONDS)),
        bytes,
        wireLength,
        checksumReady: (status & STATUS_CSUMNOTREADY) === 0,
      };
      if (status & STATUS_LOSING) this.#lost += droppedBy(this.#fd);
      memory.writeUInt32LE(0, slot + STATUS);
      this.#next = (this.#next + 1) % this.#slots;
      take(frame);
    }
  }

  /** Sends a frame out of an interface. The kernel does not hand a socket its own frames: the ring does not record it. */
  send(interfaceIndex: number, frame: Uint8Array): void {
    sendThrough(this.#fd, interfaceIndex, frame);
  }

  /** Resolves when there is something to drain, or after `timeout` milliseconds. */
  async wait(timeout: number): Promise<void> {
    if (!readable([this.#fd])) await waitReadable([this.#fd], timeout);
  }

  /** Frames that the kernel could not record since the ring was opened, because it was full. */
  get lost(): number {
    this.#lost += droppedBy(this.#fd);
    return this.#lost;
  }
}

/** The kernel keeps a tag beside the frame; on the wire it stood behind the MAC addresses. */
function withVlanTag(frame: Uint8Array, tpid: number, tci: number): Uint8Array<ArrayBuffer> {
  const tagged = new Uint8Array(frame.length + 4);
  tagged.set(frame.subarray(0, 12));
  tagged.set([tpid >> 8, tpid & 0xff, tci >> 8, tci & 0xff], 12);
  tagged.set(frame.subarray(12), 16);
  return tagged;
}
