/* Makes pages quicker, never possible: without this file every link and form works as it stands. */
"use strict";
(() => {
  const find = (what) => document.querySelector(what);
  const all = (what) => [...document.querySelectorAll(what)];
  const letters = () => document.body.hasAttribute("data-shortcuts");
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");

  /* ---- what shows itself only with a script ---- */

  const begin = () => {
    all("[data-scripted]").forEach((each) => { each.hidden = false; });
    const wants = find("[data-focus]:not([data-had])");
    if (wants) {
      wants.dataset.had = "yes";
      wants.focus();
    }
    count();
    all("[data-toast]").forEach(leaveLater);
  };

  /** A toast goes after half a minute, but never from under a pointer or the focus. */
  const leaveLater = (toast) => {
    if (toast.dataset.leaves) return;
    toast.dataset.leaves = "yes";
    const go = () => (toast.matches(":hover, :focus-within") ? setTimeout(go, 5000) : toast.remove());
    setTimeout(go, 30000);
  };

  /* ---- rows: moving among them, choosing them ---- */

  const rows = () => all("#list tbody tr");
  const current = () => document.activeElement?.closest("#list tbody tr");
  const tick = (row) => row?.querySelector("input[type=checkbox]");
  let lastTicked = null;

  const go = (row) => {
    if (!row) return;
    const target = row.querySelector("a.name, a, button") || row;
    if (target === row) row.tabIndex = -1;
    target.focus();
    row.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const every = rows();
    const here = every.indexOf(current());
    go(here < 0 ? every[0] : every[Math.min(every.length - 1, Math.max(0, here + by))]);
  };

  const choose = (row, through) => {
    const box = tick(row);
    if (!box) return;
    const every = rows();
    const from = every.indexOf(through && every.includes(lastTicked) ? lastTicked : row);
    const to = every.indexOf(row);
    const on = !box.checked;
    every.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => { tick(each).checked = on; });
    lastTicked = row;
    count();
  };

  /** The bar shows itself once something is chosen, and says how many of how many. */
  const count = () => {
    const bar = find("#selected");
    if (!bar) return;
    const every = bar.elements.all && !bar.elements.all.disabled;
    const number = every ? Number(bar.dataset.total) : all("input[form=selected]:checked").length;
    bar.hidden = number === 0;
    bar.querySelector("[data-number]").textContent = number.toLocaleString(document.documentElement.lang);
  };

  const everything = (on) => {
    const bar = find("#selected");
    if (bar?.elements.all) bar.elements.all.disabled = !on;
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) {
      all("input[form=selected]").forEach((each) => { each.checked = event.target.checked; });
    }
    if (event.target.matches("[data-all], input[form=selected]")) {
      everything(false);
      lastTicked = event.target.closest("tr");
      count();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("dialog [data-close]")) {
      event.preventDefault();
      find("#dialog").close();
    } else if (event.target.closest("[data-every]")) {
      all("input[form=selected], [data-all]").forEach((each) => { each.checked = true; });
      everything(true);
      count();
    } else if (event.target.closest("[data-none]")) {
      event.preventDefault();
      all("input[form=selected], [data-all]").forEach((each) => { each.checked = false; });
      everything(false);
      count();
    }
  });

  /* ---- the row's menu: one for the page, filled for the row ---- */

  let opener = null;
  document.addEventListener("htmx:afterSwap", (event) => {
    const menu = event.detail.target || event.target;
    if (menu.id === "row-menu") {
      opener = event.detail.requestConfig?.elt || opener;
      menu.showPopover({ source: opener });
      menu.querySelector("a, button")?.focus();
    } else if (menu.id === "panel" && event.detail.requestConfig?.elt) {
      find("#row-menu")?.hidePopover?.();
    } else if (menu.id === "list") {
      find("#row-menu")?.hidePopover?.();
    } else if (menu.id === "dialog") {
      menu.showModal();
      menu.querySelector("input, h2")?.focus();
      select(0);
    } else if (menu.id === "hits") {
      select(0);
    }
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.id === "row-menu" && event.newState === "closed") opener?.isConnected && opener.focus();
  }, true);

  /* After a swap the focus goes to the heading of what opened, or back to where it was closed from. */
  let closedFrom = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const from = event.detail.elt;
    if (from.closest("#row-menu")) closedFrom = opener;
  });
  document.addEventListener("htmx:afterSettle", () => {
    begin();
    const heading = find("#panel h2");
    if (heading && !heading.dataset.seen) {
      heading.dataset.seen = "yes";
      heading.focus();
    } else if (!heading && closedFrom) {
      const row = find(`[data-row="${closedFrom.closest("tr")?.dataset.row}"]`);
      const target = row?.querySelector("[data-menu]") || find("#list a.name") || find("main h1");
      if (target?.tagName === "H1") target.tabIndex = -1;
      target?.focus();
      closedFrom = null;
    }
  });

  /* ---- the palette: arrows choose, Enter goes ---- */

  const select = (by) => {
    const options = all("#hits [role=option]");
    const box = find("#cmd");
    if (!box) return;
    const here = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const next = options[Math.min(options.length - 1, Math.max(0, here + by))];
    options.forEach((each) => each.setAttribute("aria-selected", each === next));
    box.setAttribute("aria-activedescendant", next?.id || "");
    next?.scrollIntoView({ block: "nearest" });
  };

  const inPalette = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      select(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      const chosen = find("#hits [aria-selected=true]");
      if (!chosen) return;
      if (event.ctrlKey || event.metaKey) window.open(chosen.href, "_blank", "noopener");
      else chosen.click();
    } else {
      return;
    }
    event.preventDefault();
  };

  /* ---- keys ---- */

  const open = (address) => { if (address) window.location.assign(address); };
  let going = false;

  const alone = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    Home: () => go(rows()[0]), End: () => go(rows().at(-1)), o: () => current()?.querySelector("a.name")?.click(),
    x: () => choose(current()), X: () => choose(current(), true),
  };

  const escape = (event) => {
    if (event.target.type === "search" && event.target.value) {
      event.target.value = "";
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
    } else {
      find("#panel [data-close]")?.click();
    }
  };

  const withControl = (event) => {
    if (event.key === "k") {
      event.preventDefault();
      find("#palette-link")?.click();
    } else if (event.key === "Enter" && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit(event.target.form.querySelector(".btn.go"));
    } else if (event.key === "z" && !typing(event.target) && find("[data-toast] button")) {
      event.preventDefault();
      find("[data-toast] button").click();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    if (event.target.id === "cmd") inPalette(event);
    if (event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey) return withControl(event);
    if (event.key === "Escape" && !find(":popover-open, dialog[open]")) return escape(event);
    if (event.key === "F10" && event.shiftKey && current()) {
      event.preventDefault();
      return current().querySelector("[data-menu]")?.click();
    }
    if (typing(event.target) || find("dialog[open]")) return;
    const letter = event.key.length === 1;
    if (letter && !letters()) return;
    if (going) {
      going = false;
      return open(all("[data-go]").find((each) => each.dataset.go === event.key)?.href);
    }
    if (event.key === "g") {
      going = true;
      setTimeout(() => { going = false; }, 1500);
    } else if (event.key === "?") {
      find("#keys-link")?.click();
    } else if (event.key === "/") {
      const search = find("main [role=search] input[type=search]");
      if (!search) return;
      search.focus();
      search.select();
    } else if (alone[event.key] && rows().length && (letter || current())) {
      alone[event.key]();
    } else {
      return;
    }
    event.preventDefault();
  });

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
