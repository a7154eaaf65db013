import { expect } from "chai";
import fc from "fast-check";
import { href, parseRoute, type Route } from "./route.js";

describe("the page's address", () => {
  it("says what is looked at", () => {
    expect(href({ view: "overview", filter: { status: ["fail", "pass"], model: "dr", text: "a b&c" } })).to.equal(
      "#/?status=fail%2Cpass&model=dr&text=a+b%26c",
    );
    expect(href({ view: "scenario", scenario: 2, journey: 0, hop: 3, field: "ip.ttl#2" })).to.equal(
      "#/scenario/3?journey=1&hop=4&field=ip.ttl%232",
    );
    expect(href({ view: "rule", rule: "DR-ARP-02" })).to.equal("#/rule/DR-ARP-02");
  });

  it("is read as it was written", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 });
    const index = fc.nat({ max: 1_000_000 });
    const filter = fc.record(
      {
        status: fc.subarray(["fail", "inconclusive", "not-supported", "pass"] as const),
        model: text,
        rule: text,
        text,
      },
      { requiredKeys: ["status"] },
    );
    const spot = { finding: index, journey: index, hop: index, field: text };
    const route: fc.Arbitrary<Route> = fc.oneof(
      fc.record({ view: fc.constant("overview" as const), filter }),
      fc.record({ view: fc.constant("rules" as const) }),
      fc.record({ view: fc.constant("rule" as const), rule: text }),
      fc.record(
        { view: fc.constant("scenario" as const), scenario: index, ...spot },
        { requiredKeys: ["view", "scenario"] },
      ),
    );
    fc.assert(
      fc.property(route, (one) => {
        expect(parseRoute(href(one))).to.deep.equal(one);
      }),
    );
  });

  it("shows the overview where nobody wrote it", () => {
    for (const hash of [
      "",
      "#",
      "#/",
      "#x",
      "#/scenario",
      "#/scenario/0",
      "#/scenario/1e3",
      "#/rule/",
      "#/?status=%E0%A4%A",
    ])
      expect(parseRoute(hash), hash).to.deep.equal({ view: "overview", filter: { status: [] } });
    expect(parseRoute("#/rule/%E0%A4%A")).to.deep.equal({ view: "rule", rule: "%E0%A4%A" });
    fc.assert(
      fc.property(fc.string(), (hash) => {
        expect(parseRoute(hash)).to.have.property("view");
      }),
    );
  });
});
