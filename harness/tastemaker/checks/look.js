// How a page looks to somebody who sees it. Runs in a world of its own: scripts of the page do not reach it.
// It is evaluated anew with each question; what must last stands on globalThis.

globalThis.colours ??= new Map();
globalThis.brush ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
  .getContext("2d", { willReadFrequently: true });

function rgba(text) { // any CSS colour as [r, g, b, a], a from 0 to 1
  if (!colours.has(text)) {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = "#000";
    brush.fillStyle = text;
    brush.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
    colours.set(text, [r, g, b, a / 255]);
  }
  return colours.get(text);
}

function over(top, bottom) {
  const mix = place => top[place] * top[3] + bottom[place] * (1 - top[3]);
  return [mix(0), mix(1), mix(2), 1];
}

function inGradient(image) { // the colours that a gradient names
  return (image.match(/(?:rgba?|hsla?|oklch|oklab|lab|lch|color)\([^()]*\)|#[0-9a-f]{3,8}/gi) || []).map(rgba);
}

function paper() { // what lies under everything: the ground of the page, or else the colour scheme's
  const probe = document.createElement("span");
  probe.style.cssText = "background:Canvas;position:absolute";
  document.documentElement.append(probe);
  const colour = rgba(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const root = getComputedStyle(document.documentElement);
  const bare = rgba(root.backgroundColor)[3] === 0 && root.backgroundImage === "none";
  return bare && document.body ? over(rgba(getComputedStyle(document.body).backgroundColor), colour) : colour;
}

function behind(element, base) { // the colours that may lie behind its text; [] where a picture does
  const layers = [];
  for (let one = element; one; one = one.parentElement) {
    const style = getComputedStyle(one);
    const image = style.backgroundImage;
    if (image && image !== "none") {
      const found = inGradient(image);
      if (!found.length || image.includes("url(")) return [];
      return found.map(colour => layers.reduceRight((under, top) => over(top, under), over(colour, base)));
    }
    const colour = rgba(style.backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] > 0.99) break;
  }
  return [layers.reduceRight((under, top) => over(top, under), base)];
}

function luminance([r, g, b]) { // WCAG 2
  const [x, y, z] = [r, g, b].map(one => one / 255).map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function isSeen(element) {
  const box = element.getBoundingClientRect();
  return box.width > 1 && box.height > 1 &&
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}

function everything(root = document, found = []) { // shadow trees included
  for (const one of root.querySelectorAll("*")) {
    if (found.length >= 6000) break;
    found.push(one);
    if (one.shadowRoot) everything(one.shadowRoot, found);
  }
  return found;
}

const CLICKED = "button, a[href], input:not([type=hidden]), select, textarea, summary, [onclick], [contenteditable=true], " +
  "[role=button], [role=link], [role=checkbox], [role=switch], [role=radio], [role=slider], [role=tab], [role=menuitem]";
const BUTTON = "button, [role=button], input[type=button], input[type=submit], input[type=reset]";
const ROVING = "[role=grid], [role=listbox], [role=radiogroup], [role=tablist], [role=toolbar], [role=menu], [role=tree]";

function named(element) {
  const name = element.getAttribute("aria-label") || element.innerText || element.value || element.id || element.name || "";
  return `${element.localName} ${name.trim().replace(/\s+/g, " ").slice(0, 40)}`.trim();
}

function isOff(element) { return element.matches(":disabled") || element.closest("[inert]") !== null; }

function clicked() { // what can be clicked, by what it is or by the hand that the mouse becomes over it
  return everything().filter(one => {
    if (!isSeen(one) || isOff(one)) return false;
    if (one.matches(CLICKED)) return true;
    const pointed = getComputedStyle(one).cursor === "pointer";
    const inherits = one.parentElement && getComputedStyle(one.parentElement).cursor === "pointer";
    return pointed && !inherits && !one.matches("label, option, svg *") && !one.closest(`label, ${CLICKED}`) &&
      !one.querySelector(CLICKED);
  });
}

function kinds(seen) { // how many there are of each kind of thing
  const is = {
    button: BUTTON, slider: "input[type=range], [role=slider]", checkbox: "input[type=checkbox], [role=checkbox], [role=switch]",
    radio: "input[type=radio], [role=radio]", number: "input[type=number], input[inputmode=numeric], input[inputmode=decimal]",
    text: "input:not([type]), input[type=text], input[type=search], textarea, [contenteditable=true]",
    date: "input[type=date], input[type=datetime-local], input[type=month]", time: "input[type=time]", colour: "input[type=color]",
    menu: "select, [role=listbox], [role=combobox]", picture: "svg, img, canvas", table: "table, [role=table], [role=grid]",
    heading: "h1, h2, h3, [role=heading]", progress: "progress, meter, [role=progressbar]", link: "a[href]",
    item: "li, [role=listitem]", field: "input:not([type=hidden]):not([type=button]):not([type=submit]):not([type=reset]), textarea, select",
  };
  return Object.fromEntries(Object.entries(is).map(([kind, query]) => [kind, seen.filter(one => one.matches(query)).length]));
}

function texts(seen, base) { // [size in px, characters, contrast or null, font, bold] of each piece of text
  const found = [];
  for (const one of seen) {
    if (["SCRIPT", "STYLE", "OPTION"].includes(one.tagName) || one.closest("svg")) continue;
    const own = [...one.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join(" ");
    const typed = one.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]):not([type=color]), textarea") ? one.value || one.placeholder : "";
    const said = (own || typed || "").trim();
    if (!/[\p{L}\p{N}]/u.test(said)) continue;
    const style = getComputedStyle(one);
    const off = isOff(one) || (!own && !one.value); // WCAG asks nothing of what is switched off
    const grounds = behind(one, base);
    const ratios = grounds.map(ground => contrast(over(rgba(style.color), ground), ground));
    found.push([parseFloat(style.fontSize), said.length, off || !ratios.length ? null : Math.min(...ratios),
      style.fontFamily, parseInt(style.fontWeight) >= 600]);
  }
  return found;
}

function used(seen) { // each colour, and where: area of grounds, count of edges, fills and buttons, characters of text
  const found = new Map();
  const add = (text, where, much) => {
    const [r, g, b, a] = Array.isArray(text) ? text : rgba(text);
    if (a < 0.3 || !(much > 0)) return;
    const key = `${r},${g},${b}`;
    if (!found.has(key)) found.set(key, { rgb: [r, g, b], ground: 0, edge: 0, text: 0, fill: 0, button: 0 });
    found.get(key)[where] += much;
  };
  for (const one of seen) {
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const grounds = [rgba(style.backgroundColor), ...inGradient(style.backgroundImage || "")];
    for (const ground of grounds) add(ground, one.matches(BUTTON) ? "button" : "ground", box.width * box.height);
    if (parseFloat(style.borderTopWidth) && style.borderTopStyle !== "none") add(style.borderTopColor, "edge", 1);
    if (parseFloat(style.borderLeftWidth) && style.borderLeftStyle !== "none") add(style.borderLeftColor, "edge", 1);
    if ([...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) add(style.color, "text", one.innerText?.length || 1);
    if (one.closest("svg") && style.fill !== "none") add(style.fill, "fill", box.width * box.height);
    if (one.closest("svg") && style.stroke !== "none") add(style.stroke, "fill", 1);
    if (style.accentColor !== "auto" && one.matches("input, progress")) add(style.accentColor, "fill", 1);
  }
  return [...found.values()].slice(0, 200);
}

function drawn() { // whether any canvas holds something
  return [...document.querySelectorAll("canvas")].some(one => one !== brush.canvas && isSeen(one));
}

function look() {
  const seen = everything().filter(isSeen);
  const base = paper();
  const points = [];
  for (let x = 1; x < 10; x++) for (let y = 1; y < 10; y++) {
    const at = document.elementFromPoint(innerWidth * x / 10, innerHeight * y / 10);
    const grounds = behind(at || document.documentElement, base);
    if (grounds.length) points.push(luminance(grounds[0]));
  }
  const buttons = seen.filter(one => one.matches(BUTTON)).slice(0, 200).map(one => {
    const box = one.getBoundingClientRect();
    return { name: named(one), width: box.width, height: box.height, corner: parseFloat(getComputedStyle(one).borderTopLeftRadius) || 0 };
  });
  return {
    says: (document.body?.innerText || "").slice(0, 20000),
    seen: seen.filter(one => !["HTML", "BODY", "HEAD"].includes(one.tagName)).length,
    drawn: drawn(),
    kinds: kinds(seen),
    texts: texts(seen, base),
    grounds: points,
    colours: used(seen),
    buttons,
    moving: document.getAnimations().filter(one => one.playState === "running" &&
      one.effect?.getTiming().iterations === Infinity).length,
    width: Math.max(document.documentElement.scrollWidth, document.body?.scrollWidth || 0),
    window: innerWidth,
  };
}

function startTabbing() {
  globalThis.stops = new Set();
  document.activeElement?.blur?.();
  globalThis.asked = clicked().slice(0, 400);
  return asked.length;
}

function stopped() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (at && at !== document.body) stops.add(at);
}

function unreached() {
  if (asked.length > 55) return []; // more than the keys that are pressed
  const groups = new Set([...stops].filter(one => one.type === "radio").map(one => one.name));
  return asked.filter(one => isSeen(one) && !isOff(one) && !stops.has(one) &&
    !(one.type === "radio" && groups.has(one.name)) &&
    !(one.tabIndex === -1 && one.closest(ROVING)) && ![...stops].some(stop => one.contains(stop) && !one.matches(CLICKED)),
  ).map(named);
}
