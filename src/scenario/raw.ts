/** The files as their schemas let them through: not yet checked for meaning, defaults not yet filled in. */

import type { Implementation } from "../director/director.js";
import type { Answers, Model, Persistence, Protocol, Tunnel } from "../forwarding/setup.js";
import type { KernelPart } from "../lab/kernel.js";

export type OneOrMore<T> = T | readonly T[];

export interface RawInterface {
  readonly ip: OneOrMore<string>;
  readonly mac?: string;
  readonly mtu?: number;
}

export interface RawRouted {
  readonly interfaces: readonly RawInterface[];
  readonly gateway?: OneOrMore<string>;
}

export interface RawClient extends RawInterface {
  readonly gateway?: OneOrMore<string>;
}

export interface RawRealServer {
  readonly name: string;
  readonly ip: string;
  readonly port?: number;
  readonly weight?: number;
  readonly limit?: number;
  readonly mac?: string;
  readonly answers?: Answers;
}

export interface RawService {
  readonly vip: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly model?: Model;
  readonly scheduler?: string;
  readonly schedulerFlags?: readonly string[];
  readonly persistence?: Partial<Persistence>;
  readonly onePacket?: boolean;
  readonly mark?: number;
  readonly tunnel?: Partial<Tunnel>;
  readonly answers?: Answers;
  readonly realServers: readonly RawRealServer[];
}

export interface RawHost {
  readonly gateway?: OneOrMore<string>;
  readonly interfaces?: readonly RawInterface[];
  readonly sysctl?: Readonly<Record<string, string | number>>;
  readonly forwarding?: boolean;
  readonly ip?: string;
  readonly neighbours?: Readonly<Record<string, string>>;
  readonly vipDevice?: string;
  readonly vipPrefix?: number;
  readonly wildcard?: boolean;
  readonly tunnelFrom?: "anyone" | "director" | "nobody";
  readonly tunnelChecksum?: boolean;
  readonly gatewayInTunnel?: boolean;
  readonly backup?: boolean;
  readonly announces?: boolean;
  readonly mac?: string;
  readonly mtu?: number;
}

export interface RawSetup {
  readonly services: readonly RawService[];
  readonly director: RawRouted;
  readonly standby?: RawRouted;
  readonly router?: RawRouted;
  readonly client?: RawClient;
  readonly hosts?: Readonly<Record<string, RawHost>>;
  readonly captures?: Readonly<Record<string, string | readonly string[]>>;
}

export type RawFieldValue = string | number | boolean;
export type RawPayload = RawFieldValue | { readonly hex?: string | number; readonly size?: number };

/** A mapping of a step; which keys it has depends on the step's kind. Dotted keys are header fields. */
export interface RawStepBody {
  readonly flow?: string;
  readonly from?: string;
  readonly to?: string | number;
  readonly payload?: RawPayload;
  readonly inner?: { readonly payload?: RawPayload };
  readonly fragment?: { readonly size: number; readonly order?: "forward" | "reversed" };
  readonly times?: number;
  readonly quote?: string;
  readonly count?: number;
  readonly "who-has"?: string;
  readonly of?: string;
  readonly as?: "broadcast" | "unicast" | "probe" | "foreign";
  readonly file?: string;
  readonly server?: string;
  readonly weight?: number;
  readonly host?: string;
  readonly on?: boolean;
}

/** Exactly one key: the kind. */
export type RawStep = Readonly<Record<string, RawStepBody>>;

export interface RawAssertion {
  readonly at: string;
  readonly direction: "in" | "out";
  readonly count?: number;
}

export interface RawScenario {
  readonly title: string;
  readonly setup: string | RawSetup;
  readonly covers?: readonly string[];
  readonly steps: readonly RawStep[];
  readonly expect?: readonly RawAssertion[];
  readonly absent?: readonly RawAssertion[];
}

export interface RawDirector {
  readonly name: string;
  readonly models: readonly Model[];
  readonly implementation?: Implementation;
  readonly start?: string;
  readonly config?: string;
  readonly ready?: { readonly log?: string; readonly command?: string; readonly port?: number; readonly arp?: "vip" };
  readonly within?: number;
  readonly stop?: NodeJS.Signals;
  readonly change?: string;
  readonly needs?: readonly KernelPart[];
  readonly host?: RawHost;
  readonly supports?: readonly string[];
  readonly deviations?: Readonly<Record<string, string>>;
  readonly lacks?: Readonly<Record<string, string>>;
}
