/** What a screen found, in words. */

import { groupBy } from "../../forwarding/group.js";
import type { Selection, Tally } from "../../forwarding/screen/select.js";
import { REASON } from "../../forwarding/screen/sort.js";

/** Why connections are judged one by one; what weighs most comes first. */
const WORDS: readonly (readonly [number, string])[] = [
  [REASON.unsuited, "belong to a service whose packets can only be judged one by one"],
  [REASON.wrongChecksum, "have packets with a wrong checksum"],
  [REASON.odd, "have packets that were cut, or with IP options or wrong headers"],
  [REASON.affinity, "are of clients whose connections go to several real servers"],
  [REASON.openedAgain, "were opened more than once"],
  [REASON.peer, "are those of clients about which there are errors, fragments or other packets"],
  [REASON.differs, "have not the same packets in all captures"],
  [REASON.partial, "are missing in captures that others like them are in"],
  [REASON.long, "are too long, with packets put together or cut by NICs, to be judged"],
  [REASON.many, "differ from one another in where they were recorded"],
];

/** One line for each service: how many connections are alike. */
export function alikeLines({ tallies }: Selection): string[] {
  const services = [...new Set(tallies.map(({ service }) => service))];
  return services.flatMap((service) => {
    const alike = tallies.filter((tally) => tally.service === service && tally.reasons === 0);
    if (alike.length === 0) return [];
    const judged = sum(alike, ({ judged: { connections } }) => connections);
    const kinds = alike.length === 1 ? "of one kind" : `of ${alike.length} kinds`;
    const but = alike.some(({ isOfStreams }) => isOfStreams) ? " but for what NICs cut and what was not recorded" : "";
    return `${service}: ${amount(alike)} are the same in all captures${but}, ${kinds}; ${judged} of these were judged one by one`;
  });
}

/** What was not judged although it is not like anything that was, in whole sentences; undefined where nothing is. */
export function unjudged({ tallies, unscreened }: Selection, leftOut: number): string | undefined {
  const different = tallies.filter(({ reasons }) => reasons !== 0);
  const alike = groupBy(different, ({ service, reasons }) => `${service} that ${wordsOf(reasons)}`);
  const sentences = [...alike].flatMap(([which, kinds]) => {
    const connections = sum(kinds, (kind) => kind.connections);
    const judged = sum(kinds, (kind) => kind.judged.connections);
    if (judged === connections) return [];
    return `Of ${number(connections)} connections to ${which}, ${number(judged)} were judged.`;
  });
  if (unscreened > 0)
    sentences.push(
      `${number(unscreened)} packets are of more connections than can be remembered, and were not judged.`,
    );
  if (leftOut > 0)
    sentences.push(`${number(leftOut)} packets of no service, from or to the setup's hosts, were not judged.`);
  if (sentences.length === 0) return undefined;
  return `${sentences.join(" ")} Captures of a shorter time, or of fewer clients, can be judged as a whole.`;
}

function wordsOf(reasons: number): string | undefined {
  return WORDS.find(([reason]) => (reasons & reason) !== 0)?.[1];
}

function amount(tallies: readonly Tally[]): string {
  const connections = sum(tallies, (tally) => tally.connections);
  return `${number(connections)} connections with ${number(sum(tallies, ({ packets }) => packets))} packets`;
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function number(value: number): string {
  return value.toLocaleString("en");
}
