import { expect } from "chai";
import type { Service } from "../forwarding/setup.js";
import { changes } from "./ipvs.js";

describe("the changes from one IPVS table to another", () => {
  const service = (model: Service["model"], weights: readonly number[]): Service => ({
    vip: "10.0.0.10",
    port: 8000,
    protocol: "tcp",
    model,
    scheduler: "rr",
    realServers: weights.map((weight, i) => ({
      name: `rs${i + 1}`,
      ip: `10.0.0.1${i + 1}`,
      port: 9999,
      weight,
      answers: "echo",
    })),
  });

  it("adds what is new", () => {
    expect(changes([], [service("nat", [1])])).to.deep.equal([
      "-A -t 10.0.0.10:8000 -s rr",
      "-a -t 10.0.0.10:8000 -r 10.0.0.11:9999 -m -w 1",
    ]);
  });

  it("edits a weight in place, so that connections stay", () => {
    expect(changes([service("nat", [1, 1])], [service("nat", [1, 0])])).to.deep.equal([
      "-e -t 10.0.0.10:8000 -r 10.0.0.12:9999 -m -w 0",
    ]);
  });

  it("removes a real server by the port that ipvsadm stored: its own under NAT, the service's otherwise", () => {
    const removed = (model: Service["model"]) => changes([service(model, [1, 1])], [service(model, [1])]);
    expect(removed("nat")).to.deep.equal(["-d -t 10.0.0.10:8000 -r 10.0.0.12:9999"]);
    expect(removed("dr")).to.deep.equal(["-d -t 10.0.0.10:8000 -r 10.0.0.12:8000"]);
    expect(removed("tun")).to.deep.equal(["-d -t 10.0.0.10:8000 -r 10.0.0.12:8000"]);
  });
});
