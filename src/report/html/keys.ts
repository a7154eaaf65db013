import { useLayoutEffect } from "preact/hooks";
import type { PageData } from "./data.js";
import { href, OVERVIEW, type Route } from "./route.js";

/** Obeys single keys, but where something is typed. */
export function useKeys(data: PageData, route: Route): void {
  // Before the page is shown, not some time after: whoever sees it may press a key.
  useLayoutEffect(() => {
    const obey = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.matches("input, select, textarea");
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") {
        const filter = document.getElementById("filter");
        if (filter === null) return;
        event.preventDefault();
        filter.focus();
      } else if (event.key === "o") location.hash = href(OVERVIEW);
      else if (event.key === "j" || event.key === "k") {
        const next = nextKey(event.key, data, route.view === "scenario" ? route.scenario : -1);
        if (next !== undefined) location.hash = next;
      } else if ((event.key === "n" || event.key === "p") && route.view === "scenario") nextPacket(event.key);
    };
    addEventListener("keydown", obey);
    return () => removeEventListener("keydown", obey);
  }, [data, route]);
}

/** The address of the scenario behind (`j`) or before (`k`) another one. */
export function nextKey(key: "j" | "k", { scenarios }: PageData, from: number): string | undefined {
  const scenario = key === "j" ? from + 1 : from - 1;
  return scenarios[scenario] === undefined ? undefined : href({ view: "scenario", scenario });
}

/** Follows the link beside the one of the packet that is looked at. */
function nextPacket(key: "n" | "p"): void {
  const current = document.querySelector(".journeys [aria-current]")?.closest("li");
  const item = key === "n" ? current?.nextElementSibling : current?.previousElementSibling;
  const link = item?.querySelector("a");
  if (link) location.hash = link.hash;
  link?.scrollIntoView({ block: "nearest" });
}
