import { ruleById } from "../forwarding/catalogue.js";
import type { Evidence } from "../forwarding/evidence.js";
import type { Journey } from "../forwarding/journey.js";
import { judge } from "../forwarding/judge.js";
import type { Finding } from "../forwarding/rule.js";

declare global {
  namespace Chai {
    interface Assertion {
      /**
       * The rule was exercised by this evidence, or by this journey of it, and holds.
       * Not exercised and inconclusive both fail: no traffic never passes.
       */
      obey(ruleId: string): Assertion;
    }
  }
}

const origins = new WeakMap<Journey, Evidence>();

/** Remembers which evidence the journeys belong to, so that one of them can be held against a rule. */
export function rememberOrigin(evidence: Evidence): void {
  for (const journey of evidence.journeys) origins.set(journey, evidence);
}

/** The chai plugin behind `expect(evidence).to.obey("DR-REQ-02")` and `expect(journey).to.obey("DR-REQ-02")`. */
export const obeying: Chai.ChaiPlugin = (chai) => {
  chai.Assertion.addMethod(
    "obey",
    function (this: Chai.AssertionStatic & { _obj: Evidence | Journey }, ruleId: string) {
      const subject = this._obj;
      const findings = findingsOf(subject, ruleId);
      const broken = findings.filter((finding) => finding.status !== "pass");
      const held = findings.length > 0 && broken.length === 0;
      this.assert(
        held,
        `${ruleId}: ${broken.map(explain).join("\n") || "not exercised"}`,
        `${ruleId} was expected not to hold, but it does`,
        "pass",
        broken[0]?.status ?? "not-exercised",
      );
    },
  );
};

function findingsOf(subject: Evidence | Journey, ruleId: string): readonly Finding[] {
  const rule = ruleById(ruleId);
  if (!rule) throw new Error(`the catalogue has no rule ${ruleId}; \`hopcheck rules\` lists them`);
  if ("frames" in subject) return judge(subject, [rule]);
  const evidence = origins.get(subject);
  if (!evidence) throw new Error("this journey comes from no run of a scenario");
  const own = new Set(
    subject.sightings.flatMap((sighting) => sighting.frames.map((frame) => `${frame.tap} ${frame.number}`)),
  );
  return rule
    .judge(evidence)
    .filter((finding) => finding.frames.some(({ tap, number }) => own.has(`${tap} ${number}`)));
}

/** What a broken rule says of itself, in one line: expected, observed, where. */
export function explain(finding: Finding): string {
  if (finding.status === "not-exercised") return `not exercised: ${finding.lookedFor ?? "no matching frame"}`;
  const where = finding.frames.map(({ tap, number }) => `${tap} #${number}`).join(", ");
  const field = finding.field ? `${finding.field}: ` : "";
  return `${finding.status}: ${field}expected ${finding.expected ?? "?"}, observed ${finding.observed ?? "?"} (${where || finding.tap || "no frame"})`;
}
