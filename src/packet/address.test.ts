import { expect } from "chai";
import fc from "fast-check";
import {
  canonicalIp,
  inPrefix,
  ip6FromString,
  ip6ToString,
  ipFromNumber,
  ipFromString,
  ipToNumber,
  ipToString,
  isAnyIp,
  macFromString,
  macToString,
  networkOf,
} from "./address.js";

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("addresses", () => {
  it("survive the way to text and back", () => {
    fc.assert(
      fc.property(octets(6), octets(4), octets(16), (mac, ip, ip6) => {
        expect(macFromString(macToString(mac))).to.deep.equal(mac);
        expect(ipFromString(ipToString(ip))).to.deep.equal(ip);
        expect(ipFromNumber(ipToNumber(ipToString(ip)))).to.equal(ipToString(ip));
        expect(ip6FromString(ip6ToString(ip6))).to.deep.equal(ip6);
      }),
    );
  });

  const ip6: [string, string][] = [
    ["::", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["FD00:0:0:0:0:0:0:10", "fd00::10"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["fe80:1:2:3:4:5:6::", "fe80:1:2:3:4:5:6:0"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
  ];
  for (const [given, canonical] of ip6) {
    it(`writes ${given} as ${canonical} (RFC 5952)`, () => {
      expect(ip6ToString(ip6FromString(given))).to.equal(canonical);
    });
  }

  it("accept a MAC as other tools write it", () => {
    expect(macToString(macFromString("02-00-00-00-AB-01"))).to.equal("02:00:00:00:ab:01");
  });

  it("refuse what is none", () => {
    expect(() => ipFromString("10.0.0")).to.throw(RangeError, '"10.0.0" is not an IPv4 address');
    expect(() => ipFromString("10.0.0.256")).to.throw(RangeError);
    expect(() => macFromString("02:00:00:00:00")).to.throw(RangeError, '"02:00:00:00:00" is not a MAC address');
    expect(() => ip6FromString("fe80::1%eth0")).to.throw(RangeError, '"fe80::1%eth0" is not an IPv6 address');
  });

  it("know the prefix they are in", () => {
    expect(inPrefix("10.0.0.255", "10.0.0.1", 24)).to.equal(true);
    expect(inPrefix("10.0.1.0", "10.0.0.1", 24)).to.equal(false);
    expect(inPrefix("200.0.0.1", "100.0.0.1", 0)).to.equal(true);
    expect(inPrefix("200.0.0.1", "200.0.0.1", 32)).to.equal(true);
    expect(inPrefix("200.0.0.1", "200.0.0.0", 32)).to.equal(false);
    expect(() => inPrefix("10.0.0.1", "10.0.0.0", 33)).to.throw(
      RangeError,
      "33 is not an IPv4 prefix length (0 to 32)",
    );
    expect(inPrefix("fd00::ff", "fd00::1", 64)).to.equal(true);
    expect(inPrefix("fd00:0:0:1::", "fd00::1", 64)).to.equal(false);
    expect(inPrefix("fd00::7f", "fd00::40", 122)).to.equal(true);
    expect(inPrefix("fd00::80", "fd00::40", 122)).to.equal(false);
    expect(inPrefix("fe80::1", "::", 0)).to.equal(true);
    expect(() => inPrefix("fd00::1", "fd00::", 129)).to.throw(
      RangeError,
      "129 is not an IPv6 prefix length (0 to 128)",
    );
  });

  it("of one family are in no prefix of the other", () => {
    expect(inPrefix("10.0.0.1", "::", 0)).to.equal(false);
    expect(inPrefix("::ffff:10.0.0.1", "10.0.0.0", 8)).to.equal(false);
  });

  it("name the network they are in", () => {
    expect(networkOf("10.0.0.17", 24)).to.equal("10.0.0.0/24");
    expect(networkOf("200.1.2.3", 0)).to.equal("0.0.0.0/0");
    expect(networkOf("172.16.5.130", 30)).to.equal("172.16.5.128/30");
    expect(networkOf("FD00::1:2:3:4", 64)).to.equal("fd00::/64");
    expect(networkOf("fd00::1ff", 121)).to.equal("fd00::180/121");
    expect(() => networkOf("10.0.0.1", 1.5)).to.throw(RangeError, "1.5 is not an IPv4 prefix length (0 to 32)");
    fc.assert(
      fc.property(octets(16), fc.nat(128), (bytes, length) => {
        const ip = ip6ToString(bytes);
        const [network = ""] = networkOf(ip, length).split("/");
        expect(inPrefix(ip, network, length)).to.equal(true);
        expect(networkOf(network, length)).to.equal(`${network}/${length}`);
      }),
    );
  });

  it("of either family have one text", () => {
    expect(canonicalIp("FD00:0::1")).to.equal("fd00::1");
    expect(canonicalIp("10.0.0.1")).to.equal("10.0.0.1");
    expect(["10.0.0.1", "::", "fe80::1%eth0", "rs1", ""].map(isAnyIp)).to.deep.equal([true, true, false, false, false]);
    expect(() => canonicalIp("10.0.0")).to.throw(RangeError, '"10.0.0" is not an IP address');
  });
});
