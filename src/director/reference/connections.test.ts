import { expect } from "chai";
import { craftIp } from "../../packet/craft.js";
import { decodeIp } from "../../packet/packet.js";
import { Connection, ConnectionTable, reversed, type Tuple } from "./connections.js";
import { CIP, server, service, VIP } from "./testbed.js";

function tuple(srcPort: number, more: Partial<Tuple> = {}): Tuple {
  return { protocol: 6, src: CIP, srcPort, dst: VIP, dstPort: 80, ...more };
}

const RS = server("rs1", "192.168.10.11", { port: 8080 });

function connection(srcPort: number, more: Partial<Tuple> = {}): Connection {
  return new Connection(tuple(srcPort, more), service("nat", [RS]), RS);
}

describe("reference director: connection table", () => {
  it("finds a connection by the exact tuple of either direction", () => {
    const table = new ConnectionTable();
    const one = connection(40001);
    table.add(one);
    expect(table.ofRequest(tuple(40001))).to.equal(one);
    expect(table.ofReply(one.reply)).to.equal(one);
    expect(one.reply).to.deep.equal({ protocol: 6, src: "192.168.10.11", srcPort: 8080, dst: CIP, dstPort: 40001 });
    for (const more of [{ protocol: 17 }, { src: "9.9.9.9" }, { srcPort: 1 }, { dst: "9.9.9.9" }, { dstPort: 81 }]) {
      expect(table.ofRequest({ ...one.request, ...more })).to.equal(undefined);
      expect(table.ofReply({ ...one.reply, ...more })).to.equal(undefined);
    }
    expect(table.ofReply(reversed(one.request))).to.equal(undefined);
  });

  it("has replies of NAT alone: those of DR and TUN never come", () => {
    const table = new ConnectionTable();
    const one = new Connection(tuple(1), service("dr", [RS]), RS);
    table.add(one);
    expect(table.ofReply(one.reply)).to.equal(undefined);
  });

  it("gives up the oldest when it is full, both ways", () => {
    const table = new ConnectionTable(100);
    const all = Array.from({ length: 1000 }, (_, index) => connection(1000 + index));
    for (const one of all) table.add(one);
    expect(table.size).to.equal(100);
    expect(all.filter(({ request }) => table.ofRequest(request))).to.deep.equal(all.slice(900));
    expect(all.filter(({ reply }) => table.ofReply(reply))).to.deep.equal(all.slice(900));
  });

  it("lets the newer of two connections have a reply's tuple that both claim", () => {
    const table = new ConnectionTable();
    const [older, newer] = [connection(1), connection(1, { dst: "10.0.0.20" })];
    table.add(older);
    table.add(newer);
    table.remove(older);
    expect(table.ofReply(older.reply)).to.equal(newer);
  });

  it("counts those of a destination that are not closed", () => {
    const table = new ConnectionTable(2);
    const [one, two, three] = [connection(1), connection(2), connection(3)];
    for (const each of [one, two, three]) table.add(each);
    expect(table.openTo(one.destination)).to.equal(2);
    const fin = decodeIp(craftIp({ "tcp.flags": "FA" }));
    for (const way of ["request", "reply", "reply"] as const) table.note(two, way, fin);
    expect(table.openTo(one.destination)).to.equal(1);
    table.add(connection(2));
    expect(table.openTo(one.destination)).to.equal(2);
    table.clear();
    expect(table.openTo(one.destination)).to.equal(0);
  });

  it("closes with the FINs of both ends", () => {
    const fin = decodeIp(craftIp({ "tcp.flags": "FA" }));
    const one = connection(1);
    for (const way of ["request", "reply"] as const) {
      expect(one.isClosed).to.equal(false);
      one.note(way, fin);
    }
    expect(one.isClosed).to.equal(true);
  });
});
