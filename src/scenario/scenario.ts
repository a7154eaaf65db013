import type { Evidence } from "../forwarding/evidence.js";
import type { Protocol, Setup } from "../forwarding/setup.js";
import type { PacketSpec } from "../packet/craft.js";
import type { RawStep } from "./raw.js";

/** Where something stands in the scenario file, for errors and annotations. */
export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** A scenario as its file says it, checked, with defaults filled in. */
export interface Scenario {
  readonly file: string;
  readonly title: string;
  readonly setup: Setup;
  /** The rules that it promises to exercise. */
  readonly covers: readonly string[];
  /** Where each of them stands; empty for a script, whose declaration is no text of its own. */
  readonly coversAt: ReadonlyMap<string, Position>;
  /** Where what it does begins: the first step, or the call that declares a script. */
  readonly position: Position;
  readonly steps: readonly Step[];
  readonly expect: readonly Assertion[];
  readonly absent: readonly Assertion[];
  /** What a TypeScript scenario does besides; runs behind the steps. */
  readonly script?: Script;
}

/** The body of a TypeScript scenario; an assertion that fails in it is a violation, any other error a problem. */
export type Script = (lab: ScriptedLab) => Promise<void>;

export interface ScriptedLab {
  /** Carries out one step, written as in a YAML file, and resolves when the lab has come to rest. */
  step(step: RawStep): Promise<void>;
  /** Everything recorded since the scenario began. */
  evidence(): Evidence;
}

export type Step = (
  | SendStep
  | AnswerStep
  | AskStep
  | ConnectStep
  | DatagramStep
  | BurstStep
  | ReplayStep
  | WeightStep
  | ServerStep
  | ForgetStep
  | ForwardingStep
  | AwaitStep
  | BounceStep
  | ResignStep
) & { readonly position: Position };

/**
 * Header fields as Wireshark spells them, `payload` as bytes, `inner` with fields of its own. Addresses, those of `inner`
 * too, may be names of the setup (`vip`, `broadcast`, `rs1`, `director`, `router/eth1`).
 */
export type Fields = PacketSpec;

/** A flow is a client port of its own; its name lives as long as the scenario. */
export interface FlowFields {
  /** Name of the flow; the first step that names it takes a fresh client port. */
  readonly flow: string;
  /** The service the flow addresses; default: where the flow (or the quoted flow) went first, else the setup's first. */
  readonly to?: { readonly vip: string; readonly port: number; readonly protocol: Protocol };
  readonly fields: Fields;
  /** Bytes of IP payload in each fragment; left out: not fragmented. */
  readonly fragment?: { readonly size: number; readonly order: "forward" | "reversed" };
  /** How many times the same frame is sent (a retransmission). */
  readonly times: number;
  /** The flow whose last datagram an ICMP error quotes, as the sender of the error saw it. */
  readonly quote?: string;
}

/** A crafted frame from the client's side. */
export interface SendStep extends FlowFields {
  readonly kind: "send";
  /** Name of the host that sends. */
  readonly from: string;
}

/** A crafted frame from the real server that got the flow, back to the client. */
export interface AnswerStep extends FlowFields {
  readonly kind: "answer";
  /** Another real server than the one that got the flow. */
  readonly from?: string;
}

/** An ARP request, and behind it the canary: a request for the asked host's own address. */
export interface AskStep {
  readonly kind: "ask";
  /** An IP address: the loader resolves names. */
  readonly whoHas: string;
  /** Whose segment and MAC it is sent from. */
  readonly from: string;
  /** The host that must answer the canary. */
  readonly of: string;
  /** broadcast; unicast to the host's MAC; probe: sender 0.0.0.0 (RFC 5227); foreign: a sender of another subnet. */
  readonly as: "broadcast" | "unicast" | "probe" | "foreign";
}

/** A real TCP session from the client's own stack. */
export interface ConnectStep {
  readonly kind: "connect";
  readonly from: string;
  readonly to: { readonly vip: string; readonly port: number; readonly protocol: Protocol };
  readonly payload: string;
  readonly times: number;
}

/** A real UDP datagram from the client's own stack; its echo is awaited. */
export interface DatagramStep extends Omit<ConnectStep, "kind"> {
  readonly kind: "datagram";
}

/** Many crafted frames, each of a flow of its own, sent by tcpreplay as fast as it can. */
export interface BurstStep extends Omit<SendStep, "kind"> {
  readonly kind: "burst";
  readonly count: number;
}

/** A recorded capture sent by tcpreplay. */
export interface ReplayStep {
  readonly kind: "replay";
  readonly from: string;
  /** Absolute path of a classic pcap file. */
  readonly file: string;
}

export interface WeightStep {
  readonly kind: "weight";
  readonly realServer: string;
  readonly weight: number;
}

export interface ServerStep {
  readonly kind: "add" | "remove";
  readonly realServer: string;
}

/** Empties the neighbour table of a host: the next packet has to resolve its next hop. */
export interface ForgetStep {
  readonly kind: "forget";
  readonly host: string;
}

/** Turns a host's forwarding of packets that are not its own on or off. */
export interface ForwardingStep {
  readonly kind: "forwarding";
  readonly host: string;
  readonly on: boolean;
}

/** Goes on when such a frame has been seen since the scenario began: what a timer of some kernel will send. */
export interface AwaitStep {
  readonly kind: "await";
  readonly frame: Assertion;
}

/** Takes a host's NICs down and up again. */
export interface BounceStep {
  readonly kind: "bounce";
  readonly host: string;
}

/** One of two directors gives the VIPs up, as on a clean shutdown, and has them again after the scenario. */
export interface ResignStep {
  readonly kind: "resign";
  readonly host: string;
}

/** What the author asserts beyond the rules: frames at a tap whose fields have these values. */
export interface Assertion {
  readonly at: string;
  readonly direction: "in" | "out";
  /** Values as `fieldValue` of src/packet shows them, or names of the setup for addresses. */
  readonly fields: Readonly<Record<string, string>>;
  /** How many such frames; left out: one or more (`expect`), none (`absent`). */
  readonly count?: number;
  readonly position: Position;
}
