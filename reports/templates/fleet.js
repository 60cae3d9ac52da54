"use strict";
// The page is whole without this script, which filters, walks the map, and shows a cell on the spot.
(() => {
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("js");
  const table = $(".map");
  const rows = $$("tbody tr", table);
  const heads = $$("thead th", table).slice(1);
  const cells = new Map(rows.map((row) => [row, $$("td", row)]));
  const names = new Map(rows.map((row) => [row, $("th", row).textContent]));
  const total = rows.length * heads.length;
  const value = (id) => $(`#${id}`)?.value ?? "";

  // One stop of the tab key for the whole map; from there arrows walk.
  let here = null;
  for (const row of rows) for (const cell of cells.get(row)) cell.firstChild.tabIndex = -1;
  const stop = (cell) => {
    if (here) here.firstChild.tabIndex = -1;
    here = cell;
    if (here) here.firstChild.tabIndex = 0;
  };
  const open = (cell) => cell && !cell.hidden && !cell.parentElement.hidden && !cell.classList.contains("dim");

  // Filter -----------------------------------------------------------------------------------
  const filter = () => {
    const words = value("f-arm").toLowerCase().split(/\s+/).filter(Boolean);
    const principle = value("f-principle");
    const mark = value("f-mark");
    const run = value("f-run");
    const used = new Set();
    let shown = 0;
    for (const row of rows) {
      const name = names.get(row).toLowerCase();
      const fits = words.every((word) => name.includes(word)) && (!run || row.dataset.r === run);
      let any = false;
      cells.get(row).forEach((cell, column) => {
        const good = fits && (!principle || String(column) === principle) && (!mark || cell.classList.contains(mark));
        cell.classList.toggle("dim", !good);
        if (good) {
          any = true;
          shown += 1;
          used.add(column);
        }
      });
      row.hidden = !any;
    }
    heads.forEach((head, column) => {
      head.hidden = !used.has(column);
      for (const row of rows) cells.get(row)[column].hidden = head.hidden;
    });
    for (const part of $$("[data-p]")) part.hidden = Boolean(principle) && part.dataset.p !== principle;
    $(".heat").hidden = shown === 0;
    $(".empty").hidden = shown > 0;
    $(".count").textContent = shown === total
      ? `${total.toLocaleString("en")} cells`
      : `${shown.toLocaleString("en")} of ${total.toLocaleString("en")} cells fit the filter`;
    if (!open(here)) stop(rows.flatMap((row) => cells.get(row)).find(open) ?? null);
  };
  const order = () => {
    const sorted = value("f-order") === "lost" ? [...rows].sort((a, b) => b.dataset.l - a.dataset.l) : rows;
    $("tbody", table).append(...sorted);
  };
  const bar = $(".bar");
  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { order(); filter(); }, 100);
  };
  bar.addEventListener("input", soon);
  bar.addEventListener("reset", soon);
  bar.addEventListener("submit", (event) => event.preventDefault());

  // A cell on the spot: what its row in the table of the principle says ------------------------
  const dialog = $("#cell");
  let leaving = "";
  const entry = (name, node) => {
    const line = document.createElement("div");
    const [term, said] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    said.append(node);
    line.append(term, said);
    return line;
  };
  const link = (href, text) => {
    const made = document.createElement("a");
    made.href = href;
    made.textContent = text;
    return made;
  };
  const tell = (id) => {
    const row = document.getElementById(id);
    if (!row || !/^c\d+-\d+$/.test(id)) return false;
    const [arm, principle] = id.slice(1).split("-");
    const place = rows.find((one) => one.dataset.a === arm);
    const said = $$("td", row).map((one) => one.textContent);
    const columns = $$("thead th", row.closest("table")).slice(1).map((one) => one.textContent);
    $("#cell-title").textContent = `${names.get(place)}, ${heads[principle].textContent}`;
    const cell = cells.get(place)[principle];
    const tone = { lost: "worse", gained: "better" }[cell.classList[0]] ?? "void";
    $("#cell-mark").textContent = said[4];
    $("#cell-mark").className = tone;
    if (cell.classList.contains("void")) columns[9] = "Why";
    $("dl", dialog).replaceChildren(...columns.flatMap((name, at) =>
      at === 4 || !said[at] ? [] : [entry(name, document.createTextNode(said[at]))]));
    const links = $("#cell-links");
    links.replaceChildren(link(`#p${principle}`, "All arms on this principle"));
    const report = $(`#run${place.dataset.r} a`);
    if (report) links.append(" · ", link(report.href, "Report of its run, with the replies"));
    stop(cell);
    leaving = "";
    if (!dialog.open) dialog.showModal();
    $("#cell-title").focus();
    return true;
  };
  const reveal = (id) => {
    const target = document.getElementById(id);
    const details = target?.closest("details");
    if (!details) return;
    if (target.closest("[hidden]")) {
      bar.reset();
      filter();
    }
    details.open = true;
    target.scrollIntoView();
  };
  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    if (id && !tell(id)) reveal(id);
  };
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest?.("a[href^='#']");
    if (!pressed) return;
    const id = pressed.getAttribute("href").slice(1);
    if (pressed.closest("#cell")) {
      event.preventDefault();
      leaving = id;
      dialog.close();
    } else if (/^c\d/.test(id)) {
      event.preventDefault();
      history.replaceState(null, "", `#${id}`);
      tell(id);
    } else if (location.hash === `#${id}`) reveal(id);
  });
  dialog.addEventListener("close", () => {
    history.replaceState(null, "", `#${leaving || "map"}`);
    if (leaving) reveal(leaving);
    // The event comes a moment after the dialog has gone: who has begun to type by then stays there.
    else if (open(here) && !document.activeElement.matches("input, select")) here.firstChild.focus({ preventScroll: true });
  });
  window.addEventListener("hashchange", follow);

  // Theme ------------------------------------------------------------------------------------
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
    dress(themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % themes.length]);
  });
  $("#b-help").addEventListener("click", () => $("#help").showModal());

  // Keys -------------------------------------------------------------------------------------
  const go = (cell) => {
    if (!cell) return;
    stop(cell);
    cell.firstChild.focus({ preventScroll: true });
    cell.firstChild.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const standing = () => $$("tbody tr:not([hidden])", table);
  const walk = (down, right) => {
    const lines = standing();
    let [line, column] = [lines.indexOf(here.parentElement), cells.get(here.parentElement).indexOf(here)];
    do {
      line += down;
      column += right;
      const next = lines[line] && cells.get(lines[line])[column];
      if (!next) return;
      if (open(next)) return go(next);
    } while (true);
  };
  const ends = (last) => {
    const line = cells.get(here.parentElement).filter(open);
    go(line[last ? line.length - 1 : 0]);
  };
  const marked = (by) => {
    const all = standing().flatMap((row) => cells.get(row)).filter(open);
    const found = all.filter((cell) => cell.matches(".lost, .gained"));
    const at = document.activeElement.closest?.(".map td") ? all.indexOf(here) : by > 0 ? -1 : all.length;
    const ahead = found.filter((cell) => (all.indexOf(cell) - at) * by > 0);
    go(by > 0 ? ahead[0] : ahead[ahead.length - 1]);
  };
  const inMap = {
    ArrowDown: () => walk(1, 0), ArrowUp: () => walk(-1, 0), ArrowRight: () => walk(0, 1), ArrowLeft: () => walk(0, -1),
    Home: () => ends(false), End: () => ends(true),
  };
  const keys = {
    "/": () => $("#f-arm").focus(), "?": () => $("#b-help").click(), t: () => $("#b-theme").click(),
    n: () => marked(1), p: () => marked(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    if (event.target.matches?.("input, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = event.target.closest?.(".map td") ? (inMap[event.key] ?? keys[event.key]) : keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  filter();
  window.addEventListener("load", follow);
})();
