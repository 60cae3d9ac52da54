"use strict";
// The page is whole without this script, which only filters, pages, switches tabs and themes.
(() => {
  const PAGE = 50;
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("js");
  const entries = $$(".entry");
  const said = new WeakMap();
  const words = (one) => {
    if (!said.has(one)) said.set(one, one.textContent.toLowerCase());
    return said.get(one);
  };

  // Verdicts by candidate's number and principle's number, as the filters have them.
  const options = (id) => $$(`#${id} option`).filter((one) => one.value !== "").map((one) => one.textContent);
  const principles = options("f-principle");
  const verdictsOf = new Map();
  for (const { dataset } of $$(".verdict")) {
    const key = `${dataset.candidate}:${principles.indexOf(dataset.principle)}`;
    verdictsOf.set(key, [...(verdictsOf.get(key) ?? []), dataset.verdict]);
  }

  // Filter -----------------------------------------------------------------------------------
  const value = (id) => $(`#${id}`)?.value ?? "";
  let fitting = entries;
  let page = 0;

  const fits = (one, wish) => {
    const { c, s, m, l } = one.dataset;
    if (wish.candidate && c !== wish.candidate) return false;
    if (wish.stratum && s !== wish.stratum) return false;
    if (wish.label && !(l ?? "").split(" ").includes(wish.label)) return false;
    const moved = m.split(" ").map((pair) => pair.split(":"));
    const some = moved.some(([number, way]) =>
      (!wish.principle || number === wish.principle) &&
      (!wish.moved || (wish.moved === "0" ? true : way === wish.moved)) &&
      (!wish.verdict || verdictsOf.get(`${c}:${number}`)?.includes(wish.verdict)));
    if (!some) return false;
    if (wish.moved === "0" && !moved.every(([number, way]) =>
      way === "0" || (wish.principle && number !== wish.principle))) return false;
    return wish.text.every((word) => words(one).includes(word));
  };

  const show = () => {
    const from = page * PAGE;
    const shown = new Set(fitting.slice(from, from + PAGE));
    for (const one of entries) one.hidden = !shown.has(one);
    const last = Math.max(1, Math.ceil(fitting.length / PAGE));
    const all = `${entries.length.toLocaleString("en")} ${$(".count").dataset.of}`;
    $(".count").textContent = fitting.length === entries.length
      ? all : `${fitting.length.toLocaleString("en")} of ${all} fit the filter`;
    $(".pages").hidden = last === 1;
    $("#p-where").textContent = `Page ${page + 1} of ${last}`;
    $("#p-before").disabled = page === 0;
    $("#p-next").disabled = page >= last - 1;
  };

  const filter = () => {
    const wish = {
      candidate: value("f-candidate"), principle: value("f-principle"), verdict: value("f-verdict"),
      moved: value("f-moved"), stratum: value("f-stratum"), label: value("f-label"),
      text: value("f-text").toLowerCase().split(/\s+/).filter(Boolean),
    };
    fitting = entries.filter((one) => fits(one, wish));
    const kept = new Set(fitting);
    for (const one of entries) one.classList.toggle("out", !kept.has(one)); // for print, which has no pages
    page = 0;
    const name = wish.principle && principles[Number(wish.principle)];
    let any = false;
    for (const row of $$(".verdict")) {
      row.hidden = Boolean((name && row.dataset.principle !== name) ||
        (wish.verdict && row.dataset.verdict !== wish.verdict) ||
        (wish.candidate && row.dataset.candidate !== wish.candidate));
      any ||= !row.hidden;
    }
    $(".empty").hidden = any;
    for (const forest of $$(".forest")) forest.hidden = !$(".verdict:not([hidden])", forest);
    for (const part of $$("[data-principle][data-verdicts]")) {
      part.hidden = Boolean((name && part.dataset.principle !== name) ||
        (wish.verdict && !part.dataset.verdicts.split(" ").includes(wish.verdict)));
    }
    show();
  };

  let waiting = 0;
  const bar = $(".bar");
  bar.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  bar.addEventListener("submit", (event) => event.preventDefault());
  bar.addEventListener("reset", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter); // the controls are reset after their event
  });
  const clear = () => {
    bar.reset();
    clearTimeout(waiting);
    filter();
  };
  const turn = (by) => {
    page += by;
    show();
    $("#scenarios").scrollIntoView();
  };
  $("#p-before").addEventListener("click", () => turn(-1));
  $("#p-next").addEventListener("click", () => turn(1));

  // Seeds ------------------------------------------------------------------------------------
  const choose = (tab, focus) => {
    for (const other of $$('[role="tab"]', tab.parentElement)) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
    }
    if (focus) tab.focus();
  };
  const step = (list, by, focus) => {
    const tabs = $$('[role="tab"]', list);
    const now = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    choose(tabs[(now + by + tabs.length) % tabs.length], focus);
  };
  for (const list of $$(".tabs")) choose($('[role="tab"]', list), false);
  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.('[role="tab"]');
    if (tab) choose(tab, true);
  });
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.('[role="tab"]');
    const ways = { ArrowRight: 1, ArrowLeft: -1 };
    if (tab && event.key in ways) {
      event.preventDefault();
      step(tab.parentElement, ways[event.key], true);
    }
  });

  // Links to scenarios -----------------------------------------------------------------------
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const entry = target?.closest(".entry");
    if (!entry) {
      if (target?.closest("[hidden]")) {
        clear();
        target.scrollIntoView();
      }
      return;
    }
    if (!fitting.includes(entry)) clear();
    page = Math.floor(fitting.indexOf(entry) / PAGE);
    show();
    if (entry.matches("details")) entry.open = true;
    entry.scrollIntoView();
    (entry.querySelector("summary") ?? entry).focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", follow);
  // Once more when all is laid out: browsers scroll and move the focus then.
  window.addEventListener("load", () => location.hash && follow());

  // Theme and differences --------------------------------------------------------------------
  const themes = ["system", "light", "dark"];
  const kept = {
    get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
    set: (name) => { try { localStorage.setItem("theme", name); } catch { /* a file may keep nothing */ } },
  };
  const dress = (name) => {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
    $("#b-theme").textContent = `Theme: ${name}`;
    kept.set(name);
  };
  dress(themes.includes(kept.get()) ? kept.get() : "system");
  $("#b-theme").addEventListener("click", () => {
    const now = themes.indexOf(root.dataset.theme ?? "system");
    dress(themes[(now + 1) % themes.length]);
  });
  $("#b-diff").addEventListener("click", () => {
    const plain = root.classList.toggle("plainly");
    $("#b-diff").setAttribute("aria-pressed", String(!plain));
  });
  $("#b-help").addEventListener("click", () => $("#help").showModal());

  // Keys -------------------------------------------------------------------------------------
  const focusable = (one) => one.querySelector("summary") ?? (one.setAttribute("tabindex", "-1"), one);
  const walk = (by) => {
    const shown = entries.filter((one) => !one.hidden);
    const here = document.activeElement.closest?.(".entry");
    const next = shown[here ? shown.indexOf(here) + by : by > 0 ? 0 : shown.length - 1];
    if (next) {
      focusable(next).focus();
      next.scrollIntoView({ block: "nearest" });
    }
  };
  const seed = (by) => {
    const list = document.activeElement.closest?.(".entry[open]")?.querySelector(".tabs");
    if (list) step(list, by, false);
  };
  const keys = {
    "/": () => $("#f-text").focus(), "?": () => $("#b-help").click(), d: () => $("#b-diff").click(),
    t: () => $("#b-theme").click(), j: () => walk(1), k: () => walk(-1), "[": () => seed(-1), "]": () => seed(1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("#help").open) return;
    if (event.target.matches?.("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  // Print shows all seeds and all scenarios that fit the filter.
  show();
  follow();
})();
