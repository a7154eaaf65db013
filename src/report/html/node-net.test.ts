import { isIPv4, isIPv6 } from "node:net";
import { expect } from "chai";
import fc from "fast-check";
import * as page from "./node-net.js";

describe("addresses in a browser", () => {
  it("are what Node takes for some", () => {
    const near = fc.stringMatching(/^[0-9a-f:.]{0,20}$/);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), near), (text) => {
        expect(page.isIPv4(text), text).to.equal(isIPv4(text));
        expect(page.isIPv6(text), text).to.equal(isIPv6(text));
      }),
    );
  });
});
