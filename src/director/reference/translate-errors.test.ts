import { expect } from "chai";
import { craftIp } from "../../packet/craft.js";
import { CIP, checksums, ipBytes, MAC, natTestbed, query, VIP, withoutEthernet } from "./testbed.js";

describe("reference director: ICMP errors about NAT flows", () => {
  it("from the real server are translated outside and inside (NAT-ICMP-01)", () => {
    const bed = natTestbed();
    const request = bed.exchange("eth0", query(42000));
    const rip = request.ip?.dst;
    for (const length of [28, 1000]) {
      const quoted = ipBytes(request).subarray(0, length);
      const error = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1400, quoted };
      const packet = bed.exchange("eth1", { "eth.dst": MAC.eth1, "ip.src": rip, "ip.dst": CIP, ...error });
      expect(checksums(packet)).to.equal("ip valid, l4 valid");
      expect(packet.ip?.src).to.equal(VIP);
      expect(packet.icmp?.mtu).to.equal(1400);
      expect(packet.quoted?.ip?.checksumValid).to.equal(true);
      // The client gets back the very bytes that it had sent, but for the TTL.
      const sent = craftIp(withoutEthernet(query(42000, { "ip.ttl": 60 })));
      expect(packet.quoted?.bytes).to.deep.equal(sent.subarray(0, length));
    }
  });

  it("about no connection are not translated", () => {
    const bed = natTestbed();
    const quoted = ipBytes(bed.exchange("eth0", query(42000)));
    quoted[21] = 1;
    const error = { "ip.src": "192.168.10.11", "ip.dst": CIP, "icmp.type": 3, "icmp.code": 3, quoted };
    expect(bed.exchange("eth1", { "eth.dst": MAC.eth1, ...error }).ip?.src).to.equal("192.168.10.11");
  });

  it("from the client's side reach the server of the flow in its own terms (NAT-ICMP-02)", () => {
    const bed = natTestbed();
    const routes = [42001, 42002].map((port) => [port, bed.exchange("eth0", query(port)).ip?.dst] as const);
    expect(new Set(routes.map(([, rip]) => rip)).size).to.equal(2);
    for (const [port, rip] of routes) {
      const answer = { "ip.ttl": 50, "udp.srcport": 53, "udp.dstport": port, payload: "answer" };
      const quoted = craftIp({ "ip.src": VIP, "ip.dst": CIP, ...answer }).subarray(0, 28);
      const error = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1300, quoted };
      const packet = bed.exchange("eth0", { "eth.dst": MAC.eth0, "ip.src": "10.0.0.200", "ip.dst": VIP, ...error });
      expect([packet.ip?.src, packet.ip?.dst]).to.deep.equal(["10.0.0.200", rip]);
      expect(checksums(packet)).to.equal("ip valid, l4 valid");
      const inside = craftIp({ "ip.src": rip, "ip.dst": CIP, ...answer, "udp.srcport": 5353 }).subarray(0, 28);
      expect(packet.quoted?.bytes).to.deep.equal(inside);
    }
  });

  it("about unknown flows, damaged ones, and redirects go nowhere", () => {
    const bed = natTestbed();
    bed.receive("eth0", query(42001));
    const about = (port: number) => ({ "ip.src": VIP, "ip.dst": CIP, "udp.srcport": 53, "udp.dstport": port });
    const error = { "eth.dst": MAC.eth0, "ip.src": "10.0.0.200", "ip.dst": VIP, "icmp.type": 3, "icmp.code": 1 };
    expect(bed.receive("eth0", { ...error, quoted: about(42009) })).to.deep.equal([]);
    expect(bed.receive("eth0", { ...error, quoted: about(42001), "icmp.checksum": 1 })).to.deep.equal([]);
    expect(bed.receive("eth0", { ...error, quoted: about(42001), "icmp.type": 5 })).to.deep.equal([]);
    expect(bed.receive("eth0", { ...error, quoted: about(42001) })).to.have.length(1);
  });
});
