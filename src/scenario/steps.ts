import { isRedundant } from "../forwarding/setup.js";
import { canonicalIp, isAnyIp } from "../packet/address.js";
import { readAssertion } from "./assertions.js";
import { firstService, readDestination } from "./destination.js";
import { readPayload } from "./fields.js";
import { Flows } from "./flows.js";
import type { Names } from "./names.js";
import { capturePath, type Tree } from "./paths.js";
import type { RawAssertion, RawStep, RawStepBody } from "./raw.js";
import type { AskStep, ConnectStep, DatagramStep, ReplayStep, ServerStep, Step } from "./scenario.js";
import type { Place } from "./source.js";
import { quoted } from "./suggest.js";
import { adjacent } from "./topology.js";

const DEFAULT_PAYLOAD = "hopcheck";

/** The steps of a scenario; what does not fit the setup or the steps before is noted. */
export function readSteps(raw: readonly RawStep[], place: Place, names: Names, tree: Tree): Step[] {
  const read = stepReader(names, tree);
  return raw.flatMap((step, index) => read(step, place.at(index)) ?? []);
}

/** Reads one step after the other, each in the light of those before. */
export function stepReader(names: Names, tree: Tree): (raw: RawStep, place: Place) => Step | undefined {
  const context: Context = { names, tree, flows: new Flows(names), removed: new Set() };
  return (raw, place) => {
    const [[kind, body] = ["", {}]] = Object.entries(raw);
    const step = readStep(kind, body, place.at(kind), context);
    return step && ({ ...step, position: place.position } as Step);
  };
}

/** A step of any kind, before it is known where it stands. */
type Unplaced<S> = S extends unknown ? Omit<S, "position"> : never;

interface Context {
  readonly names: Names;
  readonly tree: Tree;
  readonly flows: Flows;
  /** Real servers that earlier steps have taken out. */
  readonly removed: Set<string>;
}

function readStep(kind: string, raw: RawStepBody, place: Place, context: Context): Unplaced<Step> | undefined {
  const { names, tree, flows } = context;
  switch (kind) {
    case "send":
      return flows.send(raw, place);
    case "answer":
      return flows.answer(raw, place);
    case "burst":
      return flows.burst(raw, place);
    case "ask":
      return readAsk(raw, place, names);
    case "connect":
    case "datagram":
      return readConnect(kind, raw, place, names);
    case "replay":
      return readReplay(raw, place, names, tree);
    case "weight": {
      const server = names.realServer(raw.server ?? "", place.at("server"));
      if (server && context.removed.has(server.name))
        place.at("server").complain(`${quoted(server.name)} has been removed; put it back with \`add\` first`);
      return server && { kind, realServer: server.name, weight: raw.weight ?? 0 };
    }
    case "add":
    case "remove":
      return readServer(kind, raw, place, context);
    case "forget":
    case "bounce": {
      const host = names.host(raw.host ?? "", place.at("host"));
      return host && { kind, host: host.name };
    }
    case "resign": {
      const host = names.host(raw.host ?? "", place.at("host"));
      if (host && (host.role !== "director" || !isRedundant(names.setup)))
        place
          .at("host")
          .complain(`${quoted(host.name)} has no VIPs to give up to another one; name one of two directors`);
      return host && { kind, host: host.name };
    }
    case "forwarding": {
      const host = names.host(raw.host ?? "", place.at("host"));
      return host && { kind, host: host.name, on: raw.on ?? true };
    }
    case "await":
      return { kind, frame: readAssertion(raw as RawAssertion, place, names) };
    default:
      // The schema has let no other kind through.
      return undefined;
  }
}

function readAsk(raw: RawStepBody, place: Place, names: Names): AskStep | undefined {
  const from = names.host(raw.from ?? "", place.at("from"));
  const of = names.host(raw.of ?? "", place.at("of"));
  const whoHas = raw["who-has"] ?? "";
  if (!isAnyIp(whoHas)) names.checkAddress(whoHas, place.at("who-has"), "an IP address");
  if (whoHas === "broadcast") place.at("who-has").complain("nobody has the address `broadcast`; ask for vip or a host");
  if (from === undefined || of === undefined) return undefined;
  if (from === of) {
    place.at("of").complain(`${quoted(of.name)} cannot ask itself`);
  } else if (!adjacent(from, of)) {
    place
      .at("from")
      .complain(`${quoted(from.name)} shares no segment with ${quoted(of.name)}; ARP does not pass a router`);
  }
  const ip = isAnyIp(whoHas) ? canonicalIp(whoHas) : (names.ipOf(whoHas, from) ?? whoHas);
  return { kind: "ask", whoHas: ip, from: from.name, of: of.name, as: raw.as ?? "broadcast" };
}

function readConnect(
  kind: "connect" | "datagram",
  raw: RawStepBody,
  place: Place,
  names: Names,
): ConnectStep | DatagramStep | undefined {
  const protocol = kind === "connect" ? "tcp" : "udp";
  const from = raw.from === undefined ? "client" : names.host(raw.from, place.at("from"))?.name;
  const bytes = raw.payload === undefined ? undefined : readPayload(raw.payload, place.at("payload"));
  const payload = bytes === undefined ? DEFAULT_PAYLOAD : new TextDecoder().decode(bytes);
  if (payload.includes("\uFFFD")) {
    place.at("payload").complain("this payload is sent as text and must be UTF-8; use `send` for arbitrary bytes");
  }
  const to =
    raw.to === undefined ? firstService(names, protocol) : readDestination(raw.to, place.at("to"), names, protocol);
  if (to === undefined && raw.to === undefined)
    place.complain(`the setup has no ${protocol} service; say where with \`to\``);
  if (to !== undefined && to.protocol !== protocol) {
    const other = to.protocol === "udp" ? "use `datagram`" : to.protocol === "tcp" ? "use `connect`" : "use `send`";
    place.at("to").complain(`\`${kind}\` speaks ${protocol}, not ${to.protocol}; ${other}`);
  }
  if (from === undefined || to === undefined) return undefined;
  return { kind, from, to, payload, times: raw.times ?? 1 } as ConnectStep | DatagramStep;
}

function readReplay(raw: RawStepBody, place: Place, names: Names, tree: Tree): ReplayStep | undefined {
  const from = raw.from === undefined ? "client" : names.host(raw.from, place.at("from"))?.name;
  const file = capturePath(raw.file ?? "", place.at("file"), tree);
  return from === undefined || file === undefined ? undefined : { kind: "replay", from, file };
}

function readServer(
  kind: "add" | "remove",
  raw: RawStepBody,
  place: Place,
  { names, removed }: Context,
): ServerStep | undefined {
  const server = names.realServer(raw.server ?? "", place.at("server"));
  if (server === undefined) return undefined;
  const { name } = server;
  const out = removed.has(name);
  if (kind === "add" && !out)
    place.at("server").complain(`${quoted(name)} is in its services; \`add\` puts back what \`remove\` took out`);
  if (kind === "remove" && out) place.at("server").complain(`${quoted(name)} has been removed already`);
  if (kind === "add") removed.delete(name);
  else removed.add(name);
  return { kind, realServer: name };
}
