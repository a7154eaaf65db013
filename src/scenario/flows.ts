import type { PacketSpec } from "../packet/craft.js";
import { type Destination, firstService, readDestination } from "./destination.js";
import { checkTogether, readFields, readPayload } from "./fields.js";
import type { Names } from "./names.js";
import type { RawStepBody } from "./raw.js";
import type { AnswerStep, BurstStep, FlowFields, SendStep, Step } from "./scenario.js";
import type { Place } from "./source.js";
import { quoted, suggestion } from "./suggest.js";

type Positioned<S> = S & Pick<Step, "position">;

/** The steps that craft frames. Remembers the flows: a later step of a flow goes where the first one went. */
export class Flows {
  readonly #names: Names;
  readonly #destinations = new Map<string, Destination>();
  readonly #bursts = new Set<string>();

  constructor(names: Names) {
    this.#names = names;
  }

  send(raw: RawStepBody, place: Place): Positioned<SendStep> {
    const from = this.#sender(raw, place);
    const step = this.#flowFields(raw, place, raw.flow ?? "");
    if (this.#bursts.has(step.flow)) place.at("flow").complain(`${quoted(step.flow)} is already the name of a burst`);
    return { kind: "send", from, ...step, position: place.position };
  }

  answer(raw: RawStepBody, place: Place): Positioned<AnswerStep> {
    const flow = raw.flow ?? "";
    const sent = this.#known(flow, place.at("flow"), "answer");
    const from = raw.from === undefined ? undefined : this.#names.realServer(raw.from, place.at("from"));
    const step = this.#flowFields(raw, place, flow);
    // A flow that nobody sent must not count as sent for the steps that follow.
    if (!sent) this.#destinations.delete(flow);
    return { kind: "answer", ...(from ? { from: from.name } : {}), ...step, position: place.position };
  }

  burst(raw: RawStepBody, place: Place): Positioned<BurstStep> {
    const from = this.#sender(raw, place);
    const flow = raw.flow ?? this.#freeName();
    if (this.#bursts.has(flow) || this.#destinations.has(flow)) {
      place.at("flow").complain(`${quoted(flow)} is already the name of a flow; a burst opens flows of its own`);
    }
    this.#bursts.add(flow);
    const step = this.#flowFields(raw, place, flow);
    this.#destinations.delete(flow);
    return { kind: "burst", from, count: raw.count ?? 1, ...step, position: place.position };
  }

  #flowFields(raw: RawStepBody, place: Place, flow: string): FlowFields {
    const quote = this.#quote(raw, place);
    const to = this.#destination(raw, place, flow);
    const fields = readFields(raw, place, this.#names);
    this.#checkProtocol(fields, to, place);
    const payload = raw.payload === undefined ? {} : { payload: readPayload(raw.payload, place.at("payload")) };
    const inner = raw.inner === undefined ? {} : { inner: this.#inner(raw.inner, place.at("inner")) };
    checkTogether({ ...fields, ...payload, ...inner }, place);
    return {
      flow,
      ...(to ? { to } : {}),
      fields: { ...fields, ...payload, ...inner },
      ...(raw.fragment ? { fragment: { size: raw.fragment.size, order: raw.fragment.order ?? "forward" } } : {}),
      times: raw.times ?? 1,
      ...(quote === undefined ? {} : { quote }),
    };
  }

  /** The packet that an IP-in-IP frame carries. */
  #inner(raw: NonNullable<RawStepBody["inner"]>, place: Place): PacketSpec {
    const fields = readFields(raw, place, this.#names);
    return raw.payload === undefined ? fields : { ...fields, payload: readPayload(raw.payload, place.at("payload")) };
  }

  #sender(raw: RawStepBody, place: Place): string {
    return raw.from === undefined ? "client" : (this.#names.host(raw.from, place.at("from"))?.name ?? raw.from);
  }

  /** As written, else where the flow went first, else where the quoted flow went, else the first service. */
  #destination(raw: RawStepBody, place: Place, flow: string): Destination | undefined {
    const before = this.#destinations.get(flow) ?? this.#destinations.get(raw.quote ?? "");
    const written = raw.to === undefined ? undefined : readDestination(raw.to, place.at("to"), this.#names);
    const to = written ?? before ?? firstService(this.#names);
    if (to && !this.#destinations.has(flow)) this.#destinations.set(flow, to);
    return to;
  }

  #quote(raw: RawStepBody, place: Place): string | undefined {
    if (raw.quote === undefined) return undefined;
    this.#known(raw.quote, place.at("quote"), "quote");
    if (!Object.keys(raw).some((key) => /^icmp(v6)?\./.test(key))) {
      place.at("quote").complainOfKey("`quote` is for ICMP errors; give `icmp.type` and `icmp.code` as well");
    }
    if (raw.payload !== undefined) {
      place
        .at("payload")
        .complainOfKey("`payload` and `quote` exclude each other: an ICMP error carries what it quotes");
    }
    return raw.quote;
  }

  /** Whether an earlier `send` named the flow. */
  #known(flow: string, place: Place, verb: string): boolean {
    if (this.#destinations.has(flow)) return true;
    const flows = [...this.#destinations.keys()];
    const reason = this.#bursts.has(flow) ? "it is a burst of many flows" : "no `send` before this step named it";
    place.complain(`there is no flow ${quoted(flow)} to ${verb}: ${reason}${suggestion(flow, flows)}`);
    return false;
  }

  /** The runner adds the header of the destination's protocol, unless the frame is ICMP or ARP. */
  #checkProtocol(fields: object, to: Destination | undefined, place: Place): void {
    for (const name of Object.keys(fields)) {
      const layer = name.split(".")[0] ?? "";
      if (to === undefined || !["tcp", "udp", "sctp"].includes(layer) || layer === to.protocol) continue;
      const hint = `write \`to: ${to.port}/${layer}\` for a flow of that protocol`;
      place.at(name).complainOfKey(`${quoted(name)} in a flow to ${to.vip}:${to.port}/${to.protocol}; ${hint}`);
      return;
    }
  }

  #freeName(): string {
    for (let number = this.#bursts.size + 1; ; number++) {
      const name = `burst${number}`;
      if (!this.#bursts.has(name) && !this.#destinations.has(name)) return name;
    }
  }
}
