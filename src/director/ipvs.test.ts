import { expect } from "chai";
import { IP_IN_IP, type Service } from "../forwarding/setup.js";
import { changes } from "./ipvs.js";

describe("the changes from one IPVS table to another", () => {
  const service = (model: Service["model"], weights: readonly number[]): Service => ({
    vip: "10.0.0.10",
    port: 8000,
    protocol: "tcp",
    model,
    scheduler: "rr",
    schedulerFlags: [],
    onePacket: false,
    tunnel: IP_IN_IP,
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

  it("says nothing where nothing changed", () => {
    expect(changes([service("dr", [1, 2])], [service("dr", [1, 2])])).to.deep.equal([]);
    expect(changes([], [])).to.deep.equal([]);
  });

  it("changes a scheduler in place", () => {
    expect(changes([service("dr", [1])], [{ ...service("dr", [1]), scheduler: "wrr" }])).to.deep.equal([
      "-E -t 10.0.0.10:8000 -s wrr",
    ]);
  });

  it("removes a service as a whole, and tells services by address, port and protocol", () => {
    const udp: Service = { ...service("dr", []), protocol: "udp" };
    expect(changes([service("dr", [1])], [udp])).to.deep.equal(["-D -t 10.0.0.10:8000", "-A -u 10.0.0.10:8000 -s rr"]);
    const sctp: Service = { ...service("tun", [3]), protocol: "sctp", port: 81 };
    expect(changes([], [sctp])).to.deep.equal([
      "-A --sctp-service 10.0.0.10:81 -s rr",
      "-a --sctp-service 10.0.0.10:81 -r 10.0.0.11:9999 -i -w 3",
    ]);
  });

  it("writes IPv6 addresses in brackets, and a persistent client's prefix by its length", () => {
    const six = { ...service("dr", []), vip: "fd00::10", persistence: { timeout: 60, prefix: 64 } };
    const server = { name: "rs1", ip: "fd00::11", port: 8000, weight: 1, answers: "echo" } as const;
    expect(changes([], [{ ...six, realServers: [server] }])).to.deep.equal([
      "-A -t [fd00::10]:8000 -s rr -p 60 -M 64",
      "-a -t [fd00::10]:8000 -r [fd00::11]:8000 -g -w 1",
    ]);
    const four = { ...service("dr", []), persistence: { timeout: 60, prefix: 29 } };
    expect(changes([], [four])).to.deep.equal(["-A -t 10.0.0.10:8000 -s rr -p 60 -M 255.255.255.248"]);
    expect(changes([], [{ ...six, mark: 7, realServers: [server] }])).to.deep.equal([
      "-A -f 7 -6 -s rr -p 60 -M 64",
      "-a -f 7 -6 -r [fd00::11]:0 -g -w 1",
    ]);
  });

  it("says what a tunnel looks like where it is not IP in IP", () => {
    const added = (tunnel: Partial<Service["tunnel"]>) =>
      changes([], [{ ...service("tun", [1]), tunnel: { ...IP_IN_IP, ...tunnel } }])[1];
    expect(added({})).to.equal("-a -t 10.0.0.10:8000 -r 10.0.0.11:9999 -i -w 1");
    expect(added({ kind: "gre" })).to.match(/ -i -w 1 --tun-type gre --tun-nocsum$/);
    expect(added({ kind: "gue", checksum: true })).to.match(/ -i -w 1 --tun-type gue --tun-port 6080 --tun-csum$/);
  });

  it("takes out before it puts in, and knows a real server by address and port", () => {
    const moved = service("nat", [1]);
    const to = { ...moved, realServers: moved.realServers.map((server) => ({ ...server, port: 9998 })) };
    expect(changes([moved], [to])).to.deep.equal([
      "-d -t 10.0.0.10:8000 -r 10.0.0.11:9999",
      "-a -t 10.0.0.10:8000 -r 10.0.0.11:9998 -m -w 1",
    ]);
  });
});
