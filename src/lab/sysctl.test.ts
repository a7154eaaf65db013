import { expect } from "chai";
import { sysctlPath } from "./sysctl.js";

describe("sysctlPath", () => {
  it("is the file behind a setting's dotted name", () => {
    expect(sysctlPath("net.ipv4.ip_forward")).to.equal("/proc/sys/net/ipv4/ip_forward");
    expect(sysctlPath("net.ipv4.conf.eth0.rp_filter")).to.equal("/proc/sys/net/ipv4/conf/eth0/rp_filter");
  });
});
