import type { DirectorTraits } from "../director/director.js";
import { ruleById } from "../forwarding/catalogue.js";
import type { Evidence } from "../forwarding/evidence.js";
import type { Journey } from "../forwarding/journey.js";
import { judge } from "../forwarding/judge.js";
import type { Finding, Rule } from "../forwarding/rule.js";
import { asDeclared } from "./declared.js";

declare global {
  namespace Chai {
    interface Assertion {
      /**
       * The rule was exercised by this evidence, or by this journey of it, and holds, or the director's file declares
       * that it does not. Not exercised and inconclusive both fail: no traffic never passes.
       */
      obey(ruleId: string): Assertion;
    }
  }
}

const origins = new WeakMap<Journey, Evidence>();
const directors = new WeakMap<Evidence, DirectorTraits>();

/** Remembers which evidence the journeys belong to, so that one of them can be held against a rule, and whose it is. */
export function rememberOrigin(evidence: Evidence, director: DirectorTraits): void {
  directors.set(evidence, director);
  for (const journey of evidence.journeys) origins.set(journey, evidence);
}

/** The chai plugin behind `expect(evidence).to.obey("DR-REQ-02")` and `expect(journey).to.obey("DR-REQ-02")`. */
export const obeying: Chai.ChaiPlugin = (chai) => {
  chai.Assertion.addMethod(
    "obey",
    function (this: Chai.AssertionStatic & { _obj: Evidence | Journey }, ruleId: string) {
      const subject = this._obj;
      const findings = findingsOf(subject, ruleId);
      const broken = findings.filter(({ status }) => status !== "pass" && status !== "declared");
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
  const evidence = "frames" in subject ? subject : origins.get(subject);
  if (!evidence) throw new Error("this journey comes from no run of a scenario");
  const director = directors.get(evidence);
  const findings = "frames" in subject ? judge(evidence, [rule]) : findingsOfJourney(subject, rule, evidence);
  return director ? findings.map((finding) => asDeclared(finding, director)) : findings;
}

function findingsOfJourney({ sightings }: Journey, rule: Rule, evidence: Evidence): readonly Finding[] {
  const own = new Set(sightings.flatMap((sighting) => sighting.frames.map((frame) => `${frame.tap} ${frame.number}`)));
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
