import { expect } from "chai";
import { craft } from "./craft.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";
import { Udp } from "./udp.js";

describe("udp", () => {
  const sample = hex("a411 0035 000d 21db");
  const values = { srcPort: 42001, dstPort: 53, length: 13, checksum: 0x21db };

  it("deconstruct", () => {
    expect(new Udp(sample, 0)).to.include({ ...values, headerLength: 8 });
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    Object.assign(new Udp(bytes, 0), values);
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const frame = craft({ "udp.srcport": 42001, "udp.dstport": 53, "udp.checksum": 0x21db, payload: "hello" });
    expect(decode(frame).udp).to.include(values);
    expect(decode(frame).payload).to.deep.equal(hex("68656c6c6f"));
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Udp.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample);
  });

  it("tells of a length that cannot be", () => {
    const problem = (length: number) => decode(craft({ "udp.length": length, payload: "hello" })).problem?.message;
    expect(problem(13)).to.equal(undefined);
    expect(problem(12)).to.equal(undefined);
    expect(problem(14)).to.equal("udp header at byte 34: it says the datagram is 14 bytes long, of 8 to 13 possible");
    expect(problem(7)).to.equal("udp header at byte 34: it says the datagram is 7 bytes long, of 8 to 13 possible");
    const short = craft({ "ip.proto": 17, payload: "seven b" });
    expect(decode(short).problem?.message).to.equal("udp header at byte 34: 8 bytes needed, 7 there");
  });
});
