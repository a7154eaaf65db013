import { expect } from "chai";
import { Workspace } from "./workspace.test-support.js";

const SETUP = `services:
  - vip: 10.0.0.10
    port: 80
    protocol: tcp
    model: nat
    realServers:
      - { name: rs1, ip: 10.0.0.11, port: 8080 }
      - { name: rs2, ip: 10.0.0.12 }
director: { interfaces: [ { ip: 10.0.0.1/24 }, { ip: 10.0.1.1/24 } ] }
client: { ip: 10.0.0.100 }
hosts:
  rs1: { mtu: 1500 }
`;

/** A sound setup in which one thing is replaced, and what is said to that. */
const MISTAKES: readonly (readonly [from: string, to: string, message: string])[] = [
  ["10.0.0.11,", "10.0.0.300,", "7:26: `10.0.0.300` is not an IP address"],
  ["10.0.0.11,", '"fd00::11",', "2:10: a VIP of IPv4 has real servers of the other family; only tun can reach those"],
  [
    "ip: 10.0.0.100",
    'ip: "fe80::1"',
    "10:15: `fe80::1` cannot be the address of a host: ::/8, fe80::/10 and ff00::/8 are reserved",
  ],
  [
    "ip: 10.0.0.100",
    'ip: "fd00::11/129"',
    "10:15: `fd00::11/129` has no prefix length that IPv6 knows; write it as fd00::1/64",
  ],
  ["10.0.1.1/24", "[10.0.1.1, 10.0.2.1]", "9:54: a NIC has one address of IPv4 and one of IPv6 at the most"],
  ["10.0.0.11,", "10.0.0.11/33,", "7:26: `10.0.0.11/33` has no prefix length that IPv4 knows; write it as 10.0.0.1/24"],
  ["10.0.0.11,", "10.0.0.11/31,", "7:26: a segment of /31 cannot be built; use a prefix length from 8 to 30"],
  [
    "10.0.0.11,",
    "10.0.0.255,",
    "7:26: `10.0.0.255` is the segment's broadcast address (/24); a host needs another one",
  ],
  ["10.0.0.11,", "10.0.0.0,", "7:26: `10.0.0.0` is the address of the segment itself (/24); a host needs another one"],
  [
    "10.0.0.11,",
    "127.0.0.1,",
    "7:26: `127.0.0.1` cannot be the address of a host: 0/8, 127/8 and all from 224 on are reserved",
  ],
  ["10.0.0.11,", "10.0.0.12,", "8:26: `10.0.0.12` is already the address of `rs1`"],
  ["10.0.0.11,", "10.0.0.1,", "7:26: `10.0.0.1` is already the address of `director`"],
  [
    "10.0.0.11,",
    "10.7.0.11,",
    "7:26: nothing connects `rs1` on 10.7.0.0/24 with the director (director: 10.0.0.0/24, 10.0.1.0/24)",
  ],
  [
    "10.0.1.1/24",
    "10.0.0.2/16",
    "9:54: the segments 10.0.0.0/16 and 10.0.0.0/24 (line 9) overlap; give both the same prefix length, or other addresses",
  ],
  ["name: rs2", "name: rs1", "8:17: `rs1` stands twice in this service"],
  ["name: rs2", "name: vip", "8:17: `vip` has a meaning of its own; call the real server otherwise, such as rs1"],
  ["name: rs2", "name: rs/2", "8:17: `rs/2` is not a name (a letter, then up to 31 letters, digits, - or _)"],
  [
    "port: 8080",
    "mac: 02:00:00:00:01",
    "7:42: `02:00:00:00:01` is not a MAC address; write six pairs of hex digits, such as 02:00:0a:00:00:0b",
  ],
  [
    "port: 8080",
    "mac: 01:00:00:00:00:01",
    "7:42: `01:00:00:00:00:01` is the address of a group of NICs (its first byte is odd); a NIC needs one of its own",
  ],
  ["port: 8080", "mac: 02:00:0A:00:00:0C", "8:9: the MAC `02:00:0a:00:00:0c` is already that of `rs1`"],
  ["port: 8080", "prot: 8080", "7:37: unknown key `prot`; did you mean `port`?"],
  [
    "vip: 10.0.0.10",
    "vip: 10.0.0.1",
    "2:10: the VIP `10.0.0.1` is the address of `director`; a VIP is an address of its own",
  ],
  [
    "vip: 10.0.0.10",
    "vip: 10.0.2.10",
    "2:10: the VIP `10.0.2.10` is on no segment of the director (10.0.0.0/24 and 10.0.1.0/24); nobody could ask for its MAC",
  ],
  ["model: nat", "model: masq", "5:12: `model` cannot be `masq` (known: `nat`, `dr`, `tun`, `proxy`)"],
  ["    model: nat\n", "", "2:5: `model` is missing: how the director forwards, nat, dr or tun"],
  ["port: 80\n", "port: 0\n", "3:11: `port` is 0; it must be at least 1"],
  [
    "client: { ip: 10.0.0.100 }\n",
    "",
    "1:1: `client` is missing: the host that sends the requests, such as { ip: 10.0.0.100/24 }",
  ],
  [
    "ip: 10.0.0.100 }",
    "ip: 10.0.0.100, gateway: 10.9.0.1 }",
    "10:36: the gateway `10.9.0.1` is not on a segment of `client` (10.0.0.0/24)",
  ],
  ["director:", "directr:", "9:1: unknown key `directr`; did you mean `director`?"],
  ["  rs1: { mtu", "  rs3: { mtu", "12:3: unknown host `rs3`; did you mean `rs1`?"],
  ["  rs1: { mtu", "  director: { mtu", "12:20: `director` has 2 NICs; put `mtu` into its `interfaces`"],
  ["mtu: 1500", "mtu: 12", "12:15: `mtu` is 12; it must be at least 68"],
  ["mtu: 1500", "vipDevice: eth1", "12:21: `rs1` has no NIC `eth1` (known: `eth0`)"],
  ["rs1: { mtu: 1500", "client: { vipPrefix: 24", "12:13: `vipPrefix` is for real servers; `client` is none"],
  ["mtu: 1500", "announces: false", "12:10: `announces` is for directors; `rs1` is none"],
  [
    "rs1: { mtu: 1500",
    "client: { vipDevice: eth0",
    "12:13: `vipDevice` is for real servers and directors; `client` is none",
  ],
  [
    "hosts:",
    "standby: {}\nhosts:",
    "11:10: `interfaces` is missing: its NICs eth0, eth1, … in order, such as [ { ip: 10.0.0.1/24 } ]",
  ],
  [
    "hosts:",
    "standby: { interfaces: [{ ip: 10.7.0.1/24 }] }\nhosts:",
    "11:31: nothing connects `standby` on 10.7.0.0/24 with the director (director: 10.0.0.0/24, 10.0.1.0/24)",
  ],
  [
    "mtu: 1500",
    "sysctl: { kernel.panic: 1 }",
    "12:20: `kernel.panic` is not a setting of a network namespace; write it as net.ipv4.conf.all.arp_ignore",
  ],
  [
    "mtu: 1500",
    "sysctl: { net.ipv4.../x: 1 }",
    "12:20: `net.ipv4.../x` is not a setting of a network namespace; write it as net.ipv4.conf.all.arp_ignore",
  ],
  ["mtu: 1500", 'sysctl: { net.ipv4.ip_forward: "1; id" }', "12:41: `1; id` is not a value of a kernel setting"],
];

describe("setup errors", () => {
  const workspace = new Workspace();
  after(() => workspace.remove());

  for (const [from, to, message] of MISTAKES) {
    it(`${from.trim()} → ${to.trim()}`, () => {
      expect(SETUP).to.contain(from);
      expect(workspace.setupRefusal(SETUP.replace(from, to)).split("\n")[0]).to.equal(`setup.yaml:${message}`);
    });
  }

  it("a service twice, and a real server with two addresses", () => {
    const [first, second] = SETUP.split("director:");
    const again = (first ?? "").replace("services:\n", "").replace("10.0.0.12", "10.0.0.13");
    expect(workspace.setupRefusal(`${first}${again}director:${second}`)).to.equal(
      "setup.yaml:9:5: the service `10.0.0.10:80/tcp` stands already in line 2\n" +
        "    9 |   - vip: 10.0.0.10\n      |     ^^^\n" +
        "setup.yaml:15:26: `rs2` has the address 10.0.0.12/24 in line 8; a host has one of a family\n" +
        "   15 |       - { name: rs2, ip: 10.0.0.13 }\n      |                          ^^^^^^^^^",
    );
  });

  it("a real server that could not answer the clients of a VIP of the other family", () => {
    const setup = SETUP.replace("vip: 10.0.0.10", "vip: fd00::10")
      .replace("model: nat", "model: tun")
      .replace("ip: 10.0.0.1/24", 'ip: [10.0.0.1/24, "fd00::1/64"]');
    expect(workspace.setupRefusal(setup).split("\n")[0]).to.equal(
      "setup.yaml:2:10: `rs1` has no IPv6 address to answer clients of `fd00::10` by; name it in a service with one",
    );
  });

  it("one port with two ways to answer", () => {
    const [first, second] = SETUP.split("director:");
    const again = (first ?? "")
      .replace("services:\n", "")
      .replace("port: 80\n", "port: 80\n    answers: silent\n")
      .replace("10.0.0.10", "10.0.0.20");
    expect(workspace.setupRefusal(`${first}${again}director:${second}`).split("\n")[0]).to.equal(
      "setup.yaml:15:9: `rs1` answers echo on this port for the service in line 7, silent here",
    );
  });
});
