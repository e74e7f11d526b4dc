/* Makes pages quicker, never possible: without this file every link and form works as it stands. */
"use strict";
(() => {
  const letters = () => document.body.hasAttribute("data-shortcuts");
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");
  const rows = () => [...document.querySelectorAll("#list tbody tr")];

  /** What is only of use with a script shows itself; the summary of a refused form takes the focus. */
  const begin = () => {
    document.querySelectorAll("[data-scripted]").forEach((each) => { each.hidden = false; });
    document.querySelector("[data-focus]")?.focus();
  };

  /** The row that the keys work on: one that holds the focus, by its link or by itself. */
  const current = () => document.activeElement?.closest("#list tbody tr");

  const go = (row) => {
    if (!row) return;
    const target = row.querySelector("a, button") || row;
    if (target === row) row.tabIndex = -1;
    target.focus();
    row.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const all = rows();
    const here = all.indexOf(current());
    go(here < 0 ? all[0] : all[Math.min(all.length - 1, Math.max(0, here + by))]);
  };

  const inList = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    Home: () => go(rows()[0]), End: () => go(rows().at(-1)), o: () => current()?.querySelector("a.name")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target.type === "search" && event.target.value) {
      event.target.value = "";
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    if (typing(event.target)) return;
    const letter = event.key.length === 1;
    if (letter && !letters()) return;
    const listed = inList[event.key];
    if (event.key === "/") {
      const search = document.querySelector("[role=search] input[type=search]");
      if (!search) return;
      search.focus();
      search.select();
    } else if (listed && rows().length && (letter || current())) {
      listed();
    } else {
      return;
    }
    event.preventDefault();
  });

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
