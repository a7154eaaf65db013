/** What runs in the browser: bundled by the set-up, and put into the page. */

import { hydrate } from "preact";
import { App } from "./app.js";
import type { PageData } from "./data.js";
import { loadEvidence } from "./unpack.js";

const root = document.getElementById("app");
const data = document.getElementById("run")?.textContent;
if (root && data) {
  document.documentElement.classList.add("js");
  hydrate(<App data={JSON.parse(data) as PageData} load={loadEvidence} />, root);
}
