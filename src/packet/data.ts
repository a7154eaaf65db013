/** What stands behind the last header that is understood. */

import { decimal, octets } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { View } from "./view.js";

const CONTENT = 0;

/** More than one IP packet can hold there is none. */
export const MAX_DATA = 0xffff;

/** A view from its offset to the end of its bytes. */
export class Data extends View {
  get headerLength(): number {
    return this.bytes.length - this.offset;
  }

  get content(): Uint8Array {
    return this.bytes.subarray(this.offset);
  }

  set content(value: Uint8Array) {
    this.bytes.set(value, this.offset);
  }
}

const field = fieldOf<Data>();

export const DATA_FIELDS = [
  field("data.data", "Data", [CONTENT, "header end"], "content", octets(MAX_DATA)),
  field("data.len", "Length of the data", [CONTENT, "header end"], "headerLength", decimal(MAX_DATA)),
];
