import { headerFields, readExpectedFields } from "./fields.js";
import type { Names } from "./names.js";
import type { RawAssertion } from "./raw.js";
import type { Assertion } from "./scenario.js";
import type { Place } from "./source.js";

/** The entries of `expect` or `absent`. */
export function readAssertions(raw: readonly RawAssertion[], place: Place, names: Names): Assertion[] {
  return raw.map((assertion, index) => {
    const at = place.at(index);
    // Stray ARP is at every tap: without a field the assertion would always, or never, hold.
    if (headerFields(assertion).length === 0)
      at.complain("no header field is named; say which frames, such as `ip.ttl: 60`");
    return {
      at: names.tap(assertion.at, at.at("at")),
      direction: assertion.direction,
      fields: readExpectedFields(assertion, at, names),
      ...(assertion.count === undefined ? {} : { count: assertion.count }),
      position: at.position,
    };
  });
}
