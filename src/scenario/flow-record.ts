/** What was recorded of a flow: the datagrams that later ones answer, acknowledge or quote. */
import type { Host, Setup } from "../forwarding/setup.js";
import type { Frame } from "../packet/frame.js";
import type { Packet } from "../packet/packet.js";
import type { Flow } from "./crafting.js";

/** The flow's last datagram that a real server received. */
export function lastRequestAt(server: Host, flow: Flow, frames: readonly Frame[]): Packet | undefined {
  return lastOf(frames, (frame, seen) => frame.direction === "in" && frame.host === server.name && isFrom(flow, seen));
}

/** The last answer to the flow that left a real server. */
export function lastAnswerFrom(server: Host, flow: Flow, frames: readonly Frame[]): Packet | undefined {
  return lastOf(frames, (frame, seen) => frame.direction === "out" && frame.host === server.name && isTo(flow, seen));
}

/** The last answer that came to the flow's client. */
export function lastAnswerAtClient(flow: Flow, frames: readonly Frame[]): Packet | undefined {
  return lastOf(frames, (frame, seen) => frame.direction === "in" && frame.host === flow.host.name && isTo(flow, seen));
}

/** Whether the flow's client has received data that a kernel will send again until it is acknowledged. */
export function owesAcknowledgement(flow: Flow, frames: readonly Frame[]): boolean {
  const answer = lastAnswerAtClient(flow, frames);
  return answer?.tcp !== undefined && answer.payload.length > 0;
}

/** The real server that received the flow's last datagram. */
export function serverOf(flow: Flow, frames: readonly Frame[], setup: Setup): Host | undefined {
  const names = new Set(setup.hosts.filter((host) => host.role === "real-server").map((host) => host.name));
  const frame = frames.findLast((frame) => {
    if (frame.direction !== "in" || !names.has(frame.host)) return false;
    const seen = tuple(frame.packet);
    return seen !== undefined && isFrom(flow, seen);
  });
  return setup.hosts.find((host) => host.name === frame?.host);
}

/** A packet's addresses and ports, inside a tunnel where there is one. */
interface Seen {
  readonly packet: Packet;
  readonly src: string;
  readonly dst: string;
  readonly srcPort: number;
  readonly dstPort: number;
}

function tuple(packet: Packet): Seen | undefined {
  const core = packet.inner ?? packet;
  const ports = core.tcp ?? core.udp ?? core.sctp;
  if (!core.ip || !ports) return undefined;
  return { packet: core, src: core.ip.src, dst: core.ip.dst, srcPort: ports.srcPort, dstPort: ports.dstPort };
}

function lastOf(frames: readonly Frame[], matches: (frame: Frame, seen: Seen) => boolean): Packet | undefined {
  for (const frame of frames.toReversed()) {
    const seen = tuple(frame.packet);
    if (seen && matches(frame, seen)) return seen.packet;
  }
  return undefined;
}

function isFrom(flow: Flow, seen: Seen): boolean {
  return seen.src === flow.ip && seen.srcPort === flow.port;
}

function isTo(flow: Flow, seen: Seen): boolean {
  return seen.dst === flow.ip && seen.dstPort === flow.port;
}
