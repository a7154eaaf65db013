/** Formats of our own, for `--reporter`. */
export const FORMATS = ["list", "html", "json"] as const;
