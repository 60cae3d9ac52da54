// The page on which one item is rated. Each answer is sent as soon as it is given, one request at a
// time and in their order; what could not be sent is kept in the browser until it can.

const body = document.body;
const questions = [...document.querySelectorAll(".question")].map(bind);
const status = document.getElementById("status");
const failure = document.getElementById("failure");
const help = document.getElementById("help");
const keysOn = document.getElementById("keys-on");
const NOTE_PAUSE = 700; // milliseconds without typing after which a note is saved
const PATIENCE = 10000; // milliseconds after which a request counts as failed
const REMEMBERED = 50; // steps that can be undone
const LONGEST = 4000; // characters of a quote

let current = null;
let selected = ""; // what was last selected in the reply
let picking = null; // while a sentence is chosen by keys
let sending = Promise.resolve();
let leaveAnyway = false;

// What is kept in the browser ---------------------------------------------------------------------

function stored(store, key, fallback) {
  try {
    const text = store.getItem(key);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

function keep(store, key, value) {
  try {
    if (value === null) store.removeItem(key);
    else store.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the page still says what is not saved.
  }
}

const draftKey = (question) => `rating:draft:${body.dataset.desk}:${body.dataset.item}:${question.id}`;
const undoKey = `rating:undo:${body.dataset.desk}`;

// Questions ---------------------------------------------------------------------------------------

function bind(element) {
  const find = (selector) => element.querySelector(selector);
  const question = {
    element,
    id: element.dataset.question,
    options: [...element.querySelectorAll("input[type=radio]")],
    quote: find(".quoted blockquote"),
    quoted: find(".quoted"),
    note: find("textarea"),
    noted: find(".noted"),
    state: find(".state"),
    failed: false,
    timer: 0,
  };
  question.saved = read(question);
  return question;
}

function read(question) {
  const chosen = question.options.find((option) => option.checked);
  return {
    answer: chosen ? chosen.value : null,
    quote: question.quote.textContent,
    note: question.note.value,
  };
}

function write(question, answer) {
  for (const option of question.options) option.checked = option.value === answer.answer;
  question.quote.textContent = answer.quote;
  question.quoted.hidden = !answer.quote;
  question.note.value = answer.note;
  if (answer.note) question.noted.hidden = false;
  grow(question.note);
}

const equal = (one, other) =>
  one.answer === other.answer && one.quote === other.quote && one.note === other.note;
const isOpen = (question) => read(question).answer === null;
const isUnsaved = (question) => !equal(read(question), question.saved);
// A quote or a note without an answer waits for the answer.
const isWaiting = (question) => isUnsaved(question) && isOpen(question) && question.saved.answer === null;

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

function say(text) {
  status.textContent = text;
}

// Saving ------------------------------------------------------------------------------------------

function changed(question) {
  window.clearTimeout(question.timer);
  keep(localStorage, draftKey(question), isUnsaved(question) ? read(question) : null);
  count();
  if (isWaiting(question)) {
    question.state.textContent = "Kept here until you answer";
    return sending;
  }
  sending = sending.then(() => save(question));
  return sending;
}

async function save(question) {
  const answer = read(question);
  const before = question.saved;
  if (equal(answer, before) && !question.failed) return;
  question.state.textContent = "Saving";
  const reason = await post(body.dataset.item, question.id, answer);
  question.failed = reason !== "";
  if (question.failed) {
    question.state.textContent = "Not saved";
  } else {
    remember(question, before, answer);
    question.saved = answer;
    question.state.textContent = answer.answer === null ? "" : "Saved";
    if (!isUnsaved(question)) keep(localStorage, draftKey(question), null);
  }
  tell(reason);
}

async function post(item, question, answer) {
  try {
    const response = await fetch(`/item/${item}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": body.dataset.csrf },
      body: JSON.stringify({ question, ...answer }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (response.ok) return "";
    const told = await response.json().catch(() => ({}));
    return told.error || `The server refused it (${response.status}).`;
  } catch {
    return "The server does not answer.";
  }
}

function count() {
  const unsaved = questions.filter((question) => isUnsaved(question) && !isWaiting(question));
  body.dataset.unsaved = unsaved.length;
}

function tell(reason) {
  count();
  const failed = questions.filter((question) => question.failed).length;
  failure.hidden = failed === 0;
  if (failed) {
    const one = failed === 1;
    const what = one ? "1 answer is not saved." : `${failed} answers are not saved.`;
    const kept = one ? "It is kept in this browser." : "They are kept in this browser.";
    failure.querySelector("span").textContent = `${what} ${reason} ${kept}`;
  }
}

async function retry() {
  for (const question of questions) if (isUnsaved(question) || question.failed) changed(question);
  await sending;
  if (!questions.some((question) => question.failed)) say("Everything is saved.");
}

function restore() {
  for (const question of questions) {
    const draft = stored(localStorage, draftKey(question), null);
    if (draft === null) continue;
    write(question, draft);
    changed(question);
  }
}

// Undo --------------------------------------------------------------------------------------------

function remember(question, before, after) {
  if (question.undoing) {
    question.undoing = false;
    return;
  }
  const steps = stored(sessionStorage, undoKey, []);
  const last = steps.at(-1);
  const typing = before.answer === after.answer && before.quote === after.quote;
  const same = last && last.item === body.dataset.item && last.question === question.id;
  // A note is saved whenever typing pauses, and is one step all the same.
  if (typing && same && last.typing) return;
  steps.push({ item: body.dataset.item, question: question.id, before, typing });
  keep(sessionStorage, undoKey, steps.slice(-REMEMBERED));
}

async function undo() {
  await settled();
  const steps = stored(sessionStorage, undoKey, []);
  const step = steps.pop();
  if (!step) return say("Nothing to undo.");
  if (step.item !== body.dataset.item) {
    const reason = await post(step.item, step.question, step.before);
    if (reason) return say(`Not undone. ${reason}`);
    keep(sessionStorage, undoKey, steps);
    return go(step.item);
  }
  const question = questions.find((one) => one.id === step.question);
  keep(sessionStorage, undoKey, steps);
  write(question, step.before);
  question.undoing = true;
  await changed(question);
  select(question, true);
  if (!question.failed) say("Undone.");
}

// Moving ------------------------------------------------------------------------------------------

function select(question, focus) {
  if (!question) return;
  if (current) current.element.removeAttribute("aria-current");
  current = question;
  current.element.setAttribute("aria-current", "true");
  if (focus) {
    current.element.focus({ preventScroll: true });
    current.element.scrollIntoView({ block: "nearest" });
  }
}

function step(by) {
  select(questions[questions.indexOf(current) + by], true);
}

function choose(key) {
  const option = current.options.find((one) => one.dataset.key === key);
  if (!option) return false;
  option.checked = true;
  answered(current, true);
  return true;
}

function answered(question, byKey) {
  leaveAnyway = false;
  changed(question);
  const place = questions.indexOf(question);
  const rest = [...questions.slice(place + 1), ...questions.slice(0, place)].find(isOpen);
  if (byKey && rest) select(rest, true);
  else if (byKey) select(question, true);
  say(rest ? "" : "All answered. Enter goes on.");
}

// Waits for all that is to be saved, typed notes included.
async function settled() {
  for (const question of questions) if (isUnsaved(question)) changed(question);
  await sending;
}

async function leave(item, ifOpen) {
  await settled();
  if (questions.some((question) => question.failed)) return say("Not everything is saved yet.");
  const left = questions.filter(isOpen).length;
  if (ifOpen && left && !leaveAnyway) {
    leaveAnyway = true;
    return say(`${left === 1 ? "1 question is" : `${left} questions are`} open. Again to go on.`);
  }
  go(item);
}

function go(item) {
  window.location.assign(item ? `/item/${item}` : "/");
}

// Quotes ------------------------------------------------------------------------------------------

function selection() {
  const chosen = document.getSelection();
  if (!chosen || chosen.isCollapsed || !chosen.anchorNode) return null;
  const inside = (node) => node.parentElement && node.parentElement.closest(".said");
  return inside(chosen.anchorNode) && inside(chosen.focusNode) ? chosen.toString().trim() : null;
}

function quote() {
  if (!current.element.querySelector("[data-do=quote]")) return;
  if (picking) return take();
  const text = selection() || selected;
  if (text) setQuote(text);
  else pick();
}

function setQuote(text) {
  selected = "";
  document.getSelection().removeAllRanges();
  current.quote.textContent = text.slice(0, LONGEST);
  current.quoted.hidden = !text;
  changed(current);
  say(text ? "Quoted." : "The quote is gone.");
}

// Every sentence of the reply as a range of the page.
function sentences() {
  const reply = [...document.querySelectorAll(".said")].find((one) => !one.hidden);
  if (!reply) return [];
  const blocks = new Map();
  const walker = document.createTreeWalker(reply, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const block = walker.currentNode.parentElement.closest("p, li, h3, h4, h5, h6, td, th, pre, .said");
    blocks.set(block, [...(blocks.get(block) || []), walker.currentNode]);
  }
  return [...blocks.values()].flatMap(sentencesOf);
}

function sentencesOf(nodes) {
  const text = nodes.map((node) => node.data).join("");
  const place = (offset) => {
    for (const node of nodes) {
      if (offset <= node.length) return [node, offset];
      offset -= node.length;
    }
    return [nodes.at(-1), nodes.at(-1).length];
  };
  const found = [];
  for (const { segment, index } of new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text)) {
    if (!segment.trim()) continue;
    const start = index + segment.length - segment.trimStart().length;
    found.push({ start: place(start), end: place(index + segment.trimEnd().length) });
  }
  return found;
}

function pick() {
  const all = sentences();
  if (!all.length) return say("There is no text to quote.");
  picking = { all, first: 0, last: 0 };
  showPicked();
}

function showPicked() {
  const { all, first, last } = picking;
  document.getSelection().setBaseAndExtent(...all[first].start, ...all[last].end);
  all[last].end[0].parentElement.scrollIntoView({ block: "nearest" });
  say(`Quote this? ${document.getSelection().toString().slice(0, 200)}`);
}

function take() {
  const text = document.getSelection().toString().trim();
  picking = null;
  setQuote(text);
}

function pickByKey(event) {
  const on = ["ArrowRight", "ArrowDown"].includes(event.key);
  const back = ["ArrowLeft", "ArrowUp"].includes(event.key);
  if (on || back) {
    const last = Math.min(Math.max(picking.last + (on ? 1 : -1), 0), picking.all.length - 1);
    picking.last = last;
    picking.first = event.shiftKey ? Math.min(picking.first, last) : last;
    showPicked();
  } else if (event.key === "Enter" || event.key === "q") {
    take();
  } else if (event.key === "Escape") {
    picking = null;
    document.getSelection().removeAllRanges();
    say("");
  } else {
    return;
  }
  event.preventDefault();
}

// What can be done --------------------------------------------------------------------------------

function note() {
  current.noted.hidden = false;
  grow(current.note);
  current.note.focus();
}

function examples() {
  const button = current.element.querySelector("[data-do=examples]");
  if (!button) return say("The rubric has no examples for this question.");
  const list = document.getElementById(button.getAttribute("aria-controls"));
  list.hidden = !list.hidden;
  button.setAttribute("aria-expanded", String(!list.hidden));
}

function raw() {
  const button = document.querySelector("[data-do=raw]");
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  for (const text of document.querySelectorAll(".said")) text.hidden = text.matches(".raw") !== on;
  say(on ? "Raw text." : "Formatted text.");
}

function theme() {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const chosen = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  root.dataset.theme = chosen;
  try {
    localStorage.setItem("rating:theme", chosen);
  } catch {
    // It holds for this page only.
  }
}

function toggleHelp() {
  if (help.open) help.close();
  else help.showModal();
}

const ACTIONS = {
  quote,
  note,
  examples,
  raw,
  theme,
  undo,
  retry,
  help: toggleHelp,
  unquote: () => current.quote.textContent && setQuote(""),
  next: () => leave(body.dataset.after, true),
  back: () => body.dataset.before && leave(body.dataset.before, false),
};
const KEYS = {
  q: "quote",
  n: "note",
  e: "examples",
  t: "raw",
  d: "theme",
  u: "undo",
  r: "retry",
  x: "unquote",
  b: "back",
  "?": "help",
};

// Events ------------------------------------------------------------------------------------------

function isTyping(target) {
  return target instanceof HTMLTextAreaElement;
}

function typed(event) {
  if (event.key !== "Escape") return;
  const question = current;
  changed(question);
  if (!question.note.value) question.noted.hidden = true;
  question.element.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || help.open) return;
  if (isTyping(event.target)) return typed(event);
  if (picking) return pickByKey(event);
  if (!keysOn.checked) return;
  const pressed = event.target.closest ? event.target.closest("button, a, summary") : null;
  if (pressed && (event.key === "Enter" || event.key === " ")) return;
  const action = KEYS[event.key] || (event.key === "Enter" && !event.repeat ? "next" : "");
  if (action) ACTIONS[action]();
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === " " && !event.target.closest("input"))
    window.scrollBy(0, (event.shiftKey ? -0.8 : 0.8) * window.innerHeight);
  else if (!/^[0-9]$/.test(event.key) || !choose(event.key)) return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const home = questions.find((question) => question.element.contains(button));
  if (home) select(home, false);
  ACTIONS[button.dataset.do]();
});

// Pressing a button would take the selection away.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("[data-do=quote]")) event.preventDefault();
});

document.addEventListener("selectionchange", () => {
  const text = selection();
  if (text) selected = text;
  else if (!document.activeElement || !document.activeElement.closest("[data-do=quote]")) selected = "";
});

for (const question of questions) {
  question.element.addEventListener("focusin", () => select(question, false));
  question.element.addEventListener("change", (event) => {
    if (event.target.type === "radio") answered(question, false);
    else changed(question);
  });
  question.note.addEventListener("input", () => {
    grow(question.note);
    keep(localStorage, draftKey(question), read(question));
    window.clearTimeout(question.timer);
    question.timer = window.setTimeout(() => changed(question), NOTE_PAUSE);
  });
}

keysOn.checked = stored(localStorage, "rating:keys", true);
keysOn.addEventListener("change", () => keep(localStorage, "rating:keys", keysOn.checked));

window.addEventListener("beforeunload", (event) => {
  if (questions.some((question) => question.failed)) event.preventDefault();
});

// A page that the browser kept from before may show less than is saved by now.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

select(questions.find(isOpen) || questions[0], false);
count();
restore();
