/**
 * Captures of a load balancer under load, for measurements and tests: DR as it should be, recorded at the client, the director
 * and two real servers. The same for the same numbers.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { internetChecksum } from "../packet/checksum.js";
import { craft, type PacketSpec } from "../packet/craft.js";

const VIP = "10.0.0.10";
const MAC = { client: "02:00:00:00:00:64", router: "02:00:00:00:00:fe", director: "02:00:00:00:00:01" } as const;
const SERVERS = ["rs1", "rs2"] as const;
const SERVER_MACS = ["02:00:00:00:00:11", "02:00:00:00:00:12"] as const;

/** The classic mix of frame lengths, less what Ethernet puts in front and TCP/IP takes: 7 of 64, 4 of 570, 1 of 1514. */
const PAYLOADS = [0, 0, 516, 0, 516, 0, 1460, 516, 0, 0, 516, 0];
const ETHERNET = 14;
const IP = 20;
const HEADERS = 54;

const SEGMENT = 1460;
/** Bytes that a host hands to its NIC at once. */
const LONGEST = 4 * SEGMENT;
const SNAP = 262_144;

const SETUP = `services:
  - vip: ${VIP}
    port: 80
    protocol: tcp
    model: dr
    scheduler: wlc
    realServers:
      - { name: rs1, ip: 10.0.0.11, mac: "${SERVER_MACS[0]}" }
      - { name: rs2, ip: 10.0.0.12, mac: "${SERVER_MACS[1]}" }
director:
  interfaces: [{ ip: 10.0.0.1/24, mac: "${MAC.director}" }]
router:
  interfaces: [{ ip: 10.0.0.254/24, mac: "${MAC.router}" }, { ip: 172.16.0.254/16, mac: "02:00:00:00:02:fe" }]
client: { ip: 172.16.0.100/16, mac: "${MAC.client}" }
captures:
  client: client.pcap
  director: director.pcap
  rs1: rs1.pcap
  rs2: rs2.pcap
`;

export interface Load {
  readonly folder: string;
  /** Frames in all files together, about: connections are whole. */
  readonly frames: number;
  readonly connections: number;
  /** Changes what the director sends, behind Ethernet's header and less the TTL, before a NIC cuts it. */
  readonly fault?: (frame: Buffer, connection: number, step: number) => void;
  /** NICs cut what hosts send as one, and put together what these receive: frames are not the same at all places. */
  readonly isOffloaded?: boolean;
  /** Bytes of each frame that are recorded. */
  readonly snapLength?: number;
}

interface Made {
  readonly setup: string;
  readonly files: readonly string[];
  readonly frames: number;
}

/** Writes a setup and its captures. */
export function makeCaptures(load: Load): Made {
  const { folder, frames, connections, fault, isOffloaded = false, snapLength = SNAP } = load;
  mkdirSync(folder, { recursive: true });
  const files = ["client", "director", ...SERVERS].map((name) => new Writer(join(folder, `${name}.pcap`), snapLength));
  const [client, director, ...servers] = files as [Writer, Writer, ...Writer[]];
  const templates = [template(false), template(true)] as const;
  // A request is seen at four places, an answer at two, and two answers come for each request.
  const steps = Math.max(6, Math.round(frames / connections / 8) * 3);
  const active: { connection: number; step: number }[] = [];
  let begun = 0;
  let time = 0;
  const ACTIVE = Math.min(512, connections);
  for (let turn = 0; ; turn++) {
    if (active.length < ACTIVE && begun < connections) active.push({ connection: begun++, step: 0 });
    if (active.length === 0) break;
    const index = turn % active.length;
    const one = active[index] as { connection: number; step: number };
    time += 4;
    send(one.connection, one.step++);
    if (one.step === steps) active.splice(index, 1);
  }
  for (const file of files) file.close();
  const setup = join(folder, "setup.yaml");
  writeFileSync(setup, SETUP);
  return { setup, files: files.map(({ path }) => path), frames: files.reduce((sum, file) => sum + file.frames, 0) };

  function send(connection: number, step: number): void {
    const isRequest = step % 3 === 0;
    const server = connection % SERVERS.length;
    const frame = fill(templates[isRequest ? 0 : 1], connection, step, steps, isOffloaded);
    const record = (writer: Writer | undefined, most: number, from: string, to: string, ttl: number, delay: number) => {
      for (const part of segments(frame, isOffloaded ? most : LONGEST))
        writer?.write(hop(part, from, to, ttl), time + delay);
    };
    if (isRequest) {
      record(client, LONGEST, MAC.client, "02:00:00:00:02:fe", 64, 0);
      record(director, 2 * SEGMENT, MAC.router, MAC.director, 63, 1);
      fault?.(frame, connection, step);
      record(director, 2 * SEGMENT, MAC.director, SERVER_MACS[server] as string, 62, 2);
      record(servers[server], SEGMENT, MAC.director, SERVER_MACS[server] as string, 62, 3);
    } else {
      record(servers[server], LONGEST, SERVER_MACS[server] as string, MAC.router, 64, 0);
      record(client, SEGMENT, "02:00:00:00:02:fe", MAC.client, 63, 1);
    }
  }
}

function template(isReply: boolean): Buffer {
  const ends: PacketSpec = isReply
    ? { "ip.src": VIP, "ip.dst": "172.16.0.1", "tcp.srcport": 80, "tcp.dstport": 1 }
    : { "ip.src": "172.16.0.1", "ip.dst": VIP, "tcp.srcport": 1, "tcp.dstport": 80 };
  const payload = new Uint8Array(LONGEST).map((_, index) => (index * 151 + (index >> 8)) & 0xff);
  return Buffer.from(craft({ "eth.src": MAC.client, "eth.dst": MAC.router, "ip.flags.df": true, ...ends, payload }));
}

/** The packet of one step of a connection: a handshake, data both ways, an end. */
function fill(whole: Buffer, connection: number, step: number, steps: number, isOffloaded: boolean): Buffer {
  const isRequest = step % 3 === 0;
  const isFirst = step < 2;
  const isLast = step >= steps - 3 && step % 3 !== 2;
  const usual = PAYLOADS[(connection + step) % PAYLOADS.length] ?? 0;
  const payload = isFirst || isLast ? 0 : isOffloaded ? usual * (1 + (step % 4)) : usual;
  const frame = Buffer.from(whole.subarray(0, HEADERS + payload));
  const [address, port] = [ETHERNET + (isRequest ? 12 : 16), ETHERNET + IP + (isRequest ? 0 : 2)];
  frame.writeUInt16BE(IP + 20 + payload, ETHERNET + 2);
  frame.writeUInt16BE((connection * 31 + step * (isOffloaded ? 4 : 1)) & 0xffff, ETHERNET + 4);
  frame.writeUInt32BE(0xac100001 + (connection % 250), address);
  frame.writeUInt16BE(1024 + (Math.floor(connection / 250) % 60000), port);
  frame.writeUInt32BE((connection * 65537 + step * (isOffloaded ? LONGEST : SEGMENT)) >>> 0, ETHERNET + IP + 4);
  frame.writeUInt32BE((connection * 257 + step * 10) >>> 0, ETHERNET + IP + 8);
  frame[ETHERNET + IP + 13] = step === 0 ? 0x02 : step === 1 ? 0x12 : isLast ? 0x11 : 0x18;
  setChecksum(frame);
  return frame;
}

function setChecksum(frame: Buffer): void {
  frame.writeUInt16BE(0, ETHERNET + IP + 16);
  const pseudo = 6 + (frame.length - ETHERNET - IP) + words(frame, ETHERNET + 12, 4);
  frame.writeUInt16BE(internetChecksum(frame, ETHERNET + IP, frame.length, pseudo), ETHERNET + IP + 16);
}

/** The packet as a NIC cuts it, or as one that puts packets together leaves it: only the last one pushes. */
function segments(whole: Buffer, most: number): Buffer[] {
  const length = whole.length - HEADERS;
  if (length <= most) return [whole];
  return Array.from({ length: Math.ceil(length / most) }, (_, index) => {
    const from = index * most;
    const payload = whole.subarray(HEADERS + from, Math.min(HEADERS + from + most, whole.length));
    const frame = Buffer.concat([whole.subarray(0, HEADERS), payload]);
    frame.writeUInt16BE(frame.length - ETHERNET, ETHERNET + 2);
    frame.writeUInt16BE((frame.readUInt16BE(ETHERNET + 4) + Math.ceil(from / SEGMENT)) & 0xffff, ETHERNET + 4);
    frame.writeUInt32BE((frame.readUInt32BE(ETHERNET + IP + 4) + from) >>> 0, ETHERNET + IP + 4);
    if (from + payload.length < length) frame[ETHERNET + IP + 13] = 0x10;
    setChecksum(frame);
    return frame;
  });
}

function words(bytes: Buffer, at: number, count: number): number {
  let sum = 0;
  for (let word = 0; word < count; word++) sum += bytes.readUInt16BE(at + word * 2);
  return sum;
}

/** The frame as it is on one segment. */
function hop(frame: Buffer, from: string, to: string, ttl: number): Buffer {
  frame.write(to.replaceAll(":", ""), 0, "hex");
  frame.write(from.replaceAll(":", ""), 6, "hex");
  frame[ETHERNET + 8] = ttl;
  frame.writeUInt16BE(0, ETHERNET + 10);
  frame.writeUInt16BE(internetChecksum(frame, ETHERNET, ETHERNET + IP), ETHERNET + 10);
  return frame;
}

const SECONDS = 1_700_000_000;

/** A classic capture of microseconds, written some megabytes at a time. */
class Writer {
  readonly path: string;
  frames = 0;
  readonly #file: number;
  readonly #buffer = Buffer.alloc(4 << 20);
  #length = 24;

  readonly #snapLength: number;

  constructor(path: string, snapLength: number) {
    this.path = path;
    this.#snapLength = snapLength;
    this.#file = openSync(path, "w");
    for (const [index, word] of [0xa1b2c3d4, 0x00040002, 0, 0, snapLength, 1].entries())
      this.#buffer.writeUInt32LE(word, index * 4);
  }

  /** @param time microseconds since the capture began */
  write(frame: Buffer, time: number): void {
    const captured = Math.min(frame.length, this.#snapLength);
    if (this.#length + 16 + captured > this.#buffer.length) this.#flush();
    const at = this.#length;
    this.#buffer.writeUInt32LE(SECONDS + Math.floor(time / 1e6), at);
    this.#buffer.writeUInt32LE(time % 1e6, at + 4);
    this.#buffer.writeUInt32LE(captured, at + 8);
    this.#buffer.writeUInt32LE(frame.length, at + 12);
    frame.copy(this.#buffer, at + 16, 0, captured);
    this.#length = at + 16 + captured;
    this.frames++;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, this.#buffer, 0, this.#length);
    this.#length = 0;
  }
}
