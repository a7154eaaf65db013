import { expect } from "chai";
import type { Host } from "../forwarding/setup.js";
import { patienceOf } from "./patience.js";
import type { Wait } from "./reference/neighbours.js";
import { ETH0 } from "./reference/testbed.js";

const FAST = { retrans_time_ms: "5", mcast_solicit: "4" };

function host(sysctl: Host["options"]["sysctl"]): Host {
  return { name: "director", role: "director", nics: [ETH0], gateways: [], options: { sysctl, vipPrefix: 32 } };
}

function settings(prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(FAST).map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** What is done about a neighbour that answers after so many questions, until nothing more is. */
function course(
  ip: string,
  sysctl: Host["options"]["sysctl"],
  answersAfter = Number.POSITIVE_INFINITY,
): Promise<string> {
  return new Promise((resolve) => {
    let done = "";
    const wait: Wait = {
      nic: ETH0,
      ip,
      askAgain() {
        const isAnswered = done.length + 1 >= answersAfter;
        if (isAnswered) setTimeout(() => resolve(done), 20);
        else done += "?";
        return !isAnswered;
      },
      giveUp() {
        done += "!";
        setTimeout(() => resolve(done), 20);
      },
    };
    patienceOf(host(sysctl))(wait);
    // The director's own timer keeps no process alive.
    setTimeout(() => resolve(`${done}…`), 1500);
  });
}

describe("the reference director's patience", () => {
  it("asks as often as its host is set to, and then gives up", async () => {
    expect(await course("10.0.0.11", settings("net.ipv4.neigh.eth0"))).to.equal("???!");
    expect(await course("10.0.0.11", settings("net.ipv4.neigh.default"))).to.equal("???!");
    const once = { ...settings("net.ipv4.neigh.default"), "net.ipv4.neigh.eth0.mcast_solicit": "1" };
    expect(await course("10.0.0.11", once)).to.equal("!");
    expect(await course("fd00::11", settings("net.ipv6.neigh.eth0"))).to.equal("???!");
  });

  it("asks no more once the neighbour has answered", async () => {
    expect(await course("10.0.0.11", settings("net.ipv4.neigh.eth0"), 2)).to.equal("?");
  });

  it("asks three times where nothing is set", async () => {
    expect(await course("10.0.0.11", { "net.ipv4.neigh.eth0.retrans_time_ms": "5" })).to.equal("??!");
  });
});
