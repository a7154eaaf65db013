import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { parse } from "yaml";
import { catalogue } from "./forwarding/catalogue.js";

const folder = fileURLToPath(new URL("../reports/example/directors", import.meta.url));

/** By file, what the director calls itself, and the models that it was held against. */
const DIRECTORS: Readonly<Record<string, readonly [name: string, profiles: readonly string[]]>> = {
  haproxy: ["haproxy", ["PROXY"]],
  ipvs: ["ipvs", ["NAT", "DR", "TUN"]],
  keepalived: ["keepalived-ipvs", ["NAT", "DR", "TUN"]],
  nftables: ["nft", ["NAT", "DR"]],
  python: ["python-lb", ["NAT", "DR"]],
  reference: ["reference", ["NAT", "DR", "TUN"]],
  xdp: ["xdp-lb", ["DR", "TUN"]],
};

describe("the example of seven directors", () => {
  it("has a report of each, the page of all, and nothing large", () => {
    const files = readdirSync(folder);
    expect(files.toSorted()).to.deep.equal(
      ["compare.html", ...Object.keys(DIRECTORS).map((name) => `${name}.yaml`)].toSorted(),
    );
    const sizes = files.map((file) => statSync(join(folder, file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.be.lessThan(500_000);
  });

  for (const [file, [name, models]] of Object.entries(DIRECTORS))
    it(`says of ${name} what it conforms to, and of no rule that it broke it`, () => {
      const { apiVersion, kind, implementation, profiles } = parse(readFileSync(join(folder, `${file}.yaml`), "utf8"));
      expect([apiVersion, kind, implementation.name]).to.deep.equal(["hopcheck/v1", "ConformanceReport", name]);
      expect(profiles.map((profile: { name: string }) => profile.name)).to.deep.equal(models);
      for (const { core, extended } of profiles)
        for (const level of [core, extended].filter((one) => one !== undefined)) {
          expect(level).to.not.have.any.keys("failedRules", "inconclusiveRules");
          expect(level.statistics).to.include({ failed: 0, inconclusive: 0 });
          expect(level.statistics.passed).to.be.above(0);
        }
    });

  it("has on its page every director and every rule, and only links that lead to something on it", () => {
    const page = readFileSync(join(folder, "compare.html"), "utf8");
    for (const [name] of Object.values(DIRECTORS)) expect(page).to.contain(`<th scope="col">${name}</th>`);
    for (const { id } of catalogue) expect(page).to.contain(`<code>${id}</code>`);
    expect(page).to.not.contain(`class="badge fail"`);
    const links = [...page.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, link]) => link ?? "");
    expect(links).to.not.be.empty;
    for (const link of links) expect(page).to.contain(` id="${link.replace(/^#/, "")}"`);
  });
});
