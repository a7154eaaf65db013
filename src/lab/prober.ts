import type { Nic } from "../forwarding/setup.js";
import { craft } from "../packet/craft.js";
import type { Recorder } from "./recorder.js";

/** Ends a run that has already failed; no verdict waits for it. */
const ROUND_TIMEOUT = 5_000;

/** The lab did not come to rest, and who is to blame. */
export class NotSettled extends Error {
  override name = "NotSettled";
}

interface Probe {
  readonly tap: string;
  readonly bridge: string;
  readonly request: Uint8Array;
}

/** Sends canaries from the bridges and counts the answers. */
export class Prober {
  readonly #probes: Probe[] = [];
  readonly #owed = new Map<string, number>();
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Adds the NICs of a segment; the canaries leave through its bridge. */
  watch(bridge: string, mac: string, nics: readonly { tap: string; nic: Nic }[]): void {
    for (const { tap, nic } of nics) this.#probes.push({ tap, bridge, request: canary(mac, nic) });
  }

  answered(tap: string): void {
    this.#owed.set(tap, (this.#owed.get(tap) ?? 0) - 1);
  }

  /** One canary to every NIC; resolves when all have answered. */
  async round(): Promise<void> {
    for (const { tap, bridge, request } of this.#probes) {
      this.#owed.set(tap, (this.#owed.get(tap) ?? 0) + 1);
      this.#recorder.sendCanary(bridge, request);
    }
    const silent = () => this.#probes.map(({ tap }) => tap).filter((tap) => (this.#owed.get(tap) ?? 0) > 0);
    await this.until(
      () => silent().length === 0,
      ROUND_TIMEOUT,
      () => `no answer to an ARP request for its own address from ${silent().join(", ")}`,
    );
  }

  /** Drains and waits until `there` holds. @throws NotSettled after `timeout` milliseconds. */
  async until(there: () => boolean, timeout: number, what: string | (() => string)): Promise<void> {
    const deadline = performance.now() + timeout;
    for (this.#recorder.drain(); !there(); this.#recorder.drain()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new NotSettled(typeof what === "string" ? what : what());
      await this.#recorder.wait(Math.ceil(left));
    }
  }
}

/**
 * `who-has` a NIC's own address, sent to its MAC. The sender address is 0.0.0.0 (RFC 5227 probe): the host answers, and
 * learns nothing.
 */
function canary(mac: string, nic: Nic): Uint8Array {
  return craft({
    "eth.dst": nic.mac,
    "eth.src": mac,
    "arp.opcode": 1,
    "arp.src.hw_mac": mac,
    "arp.src.proto_ipv4": "0.0.0.0",
    "arp.dst.hw_mac": "00:00:00:00:00:00",
    "arp.dst.proto_ipv4": nic.ip,
  });
}

/** The bridges' addresses begin with 02:ff; no host of a lab has such a one. */
export function isProberMac(frame: Uint8Array, offset: number): boolean {
  return frame[offset] === 0x02 && frame[offset + 1] === 0xff;
}
