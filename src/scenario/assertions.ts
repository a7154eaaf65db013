import { headerFields, readExpectedFields } from "./fields.js";
import type { Names } from "./names.js";
import type { RawAssertion } from "./raw.js";
import type { Assertion } from "./scenario.js";
import type { Place } from "./source.js";

/** The entries of `expect` or `absent`. */
export function readAssertions(raw: readonly RawAssertion[], place: Place, names: Names): Assertion[] {
  return raw.map((assertion, index) => readAssertion(assertion, place.at(index), names));
}

export function readAssertion(raw: RawAssertion, place: Place, names: Names): Assertion {
  // Stray ARP is at every tap: without a field the assertion would always, or never, hold.
  if (headerFields(raw).length === 0)
    place.complain("no header field is named; say which frames, such as `ip.ttl: 60`");
  return {
    at: names.tap(raw.at, place.at("at")),
    direction: raw.direction,
    fields: readExpectedFields(raw, place, names),
    ...(raw.count === undefined ? {} : { count: raw.count }),
    position: place.position,
  };
}
