import type { Status } from "../../forwarding/rule.js";
import { STATUS_WORDS } from "../format.js";

/** A status or verdict: sign, word and colour, so that none of them has to carry it alone. */
export function Badge({ status, word }: { readonly status: Status; readonly word?: string }) {
  return (
    <span class={`badge ${status}`}>
      <Sign status={status} /> {word ?? STATUS_WORDS[status].word}
    </span>
  );
}

export function Sign({ status }: { readonly status: Status }) {
  return (
    <span class={`sign ${status}`} aria-hidden="true">
      {STATUS_WORDS[status].sign}
    </span>
  );
}
