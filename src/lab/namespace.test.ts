import { expect } from "chai";
import { knownSettings } from "./namespace.js";

describe("knownSettings", () => {
  const settings = { "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.disable_ipv6": "1" };

  it("leaves out those of IPv6 on a machine that has none", () => {
    expect(knownSettings(settings, false)).to.deep.equal({ "net.ipv4.ip_forward": "1" });
  });

  it("are all of them where there is IPv6", () => {
    expect(knownSettings(settings, true)).to.deep.equal(settings);
  });
});
