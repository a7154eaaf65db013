import type { Driver } from "./director.js";
import { ipvs } from "./ipvs.js";
import { keepalived } from "./keepalived.js";
import { nftables } from "./nftables.js";
import { reference } from "./reference.js";

/** The directors that come with hopcheck, by the names in their files. */
export const drivers: Readonly<Record<string, Driver>> = { ipvs, keepalived, nftables, reference };
