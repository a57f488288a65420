// The page's own script: tables that sort, one legend for everything, and charts that answer mouse and keyboard.
// All texts become text nodes, never markup. Without this script the page shows pictures and plain tables.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  function make(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // Tables

  const number = (text) => {
    const found = text.replace(/[,\s<]/g, "").replace("−", "-").match(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/i);
    return found ? Number(found[0]) : NaN;
  };

  function sortBy(table, place, heading) {
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const text = (row) => row.cells[place].textContent.trim();
    const numeric = [...body.rows].every((row) => text(row) === "–" || !Number.isNaN(number(text(row))));
    const compare = (a, b) => (numeric ? number(a) - number(b) : a.localeCompare(b, undefined, { numeric: true }));
    const unknown = (row) => text(row) === "–";
    const sorted = [...body.rows].sort(
      (a, b) => unknown(a) - unknown(b) || (up ? 1 : -1) * (unknown(a) ? 0 : compare(text(a), text(b))),
    );
    body.append(...sorted);
  }

  for (const table of all("table[data-sort]")) {
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      const button = make("button", { type: "button", title: "Sort" }, heading.textContent);
      button.addEventListener("click", () => sortBy(table, place, heading));
      heading.replaceChildren(button);
    });
  }

  // On paper nothing stays folded.

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
  });

  // Charts

  const block = document.getElementById("charts");
  if (!block || !window.vegaEmbed) return;
  const content = JSON.parse(block.textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const tip = document.getElementById("tip");
  const live = document.getElementById("live");
  const hidden = new Set();
  const drawn = new Map();
  const inTheDark = new Map(content.variants.map((each) => [each.color, each.dark]));
  inTheDark.set("#555555", "#b0b0b0");

  function rows(columns) {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, place) => {
      const row = Object.fromEntries(names.map((name) => [name, columns[name][place]]));
      return { variant: content.variants[row.v]?.label, ...row };
    });
  }
  const datasets = Object.fromEntries(Object.entries(content.rows).map(([name, columns]) => [name, rows(columns)]));

  function themed(specification) {
    const colored = (key, value) =>
      key === "range" && dark.matches ? value.map((each) => inTheDark.get(each) ?? each) : value;
    return { ...JSON.parse(JSON.stringify(specification, colored)), datasets };
  }

  function configuration(width) {
    const style = getComputedStyle(root);
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = { labelColor: color("--faint"), titleColor: color("--ink"), titleFontWeight: "normal" };
    const lines = { gridColor: color("--rule"), domainColor: color("--rule"), tickColor: color("--rule") };
    return {
      aria: false,
      background: "transparent",
      font: getComputedStyle(document.body).fontFamily,
      view: { stroke: null },
      legend: { labelColor: color("--ink"), labelFontSize: 12 },
      axis: { ...axis, ...lines, labelFontSize: 12, titleFontSize: 12, labelLimit: width < 500 ? 110 : 220 },
      axisX: width < 500 ? { titleAnchor: "end" } : {}, // a long one has the room below the labels of the rows too
      style: {
        zero: { color: color("--ink") },
        margin: { color: color("--faint"), opacity: 0.2 },
        mean: { stroke: color("--paper"), strokeWidth: 1.2 },
      },
    };
  }

  // The text at a mark, for a pointer and for the keyboard.

  function showTip(value, x, y) {
    const lines = Object.entries(value).map(([key, text]) => make("div", {}, make("span", {}, key), String(text)));
    tip.replaceChildren(...lines);
    tip.hidden = false;
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > innerHeight ? Math.max(4, y - tip.offsetHeight - 12) : y + 18}px`;
  }

  function hideTip() {
    tip.hidden = true;
    for (const each of all(".chart .at")) each.classList.remove("at");
  }

  function pointed(_, event, item, value) {
    hideTip();
    if (value == null || value === "") return;
    item._svg?.classList.add("at");
    showTip(value, event.clientX, event.clientY);
  }

  const marks = (place) => all(".mark-symbol path", place).filter((each) => each.__data__?.tooltip);

  function moved(marks, from, key) {
    const variant = (place) => marks[place].__data__.datum.v;
    if (from < 0 || key === "Home") return 0;
    if (key === "End") return marks.length - 1;
    if (key === "ArrowRight") return Math.min(from + 1, marks.length - 1);
    if (key === "ArrowLeft") return Math.max(from - 1, 0);
    const step = key === "ArrowDown" ? 1 : -1;
    for (let place = from; place >= 0 && place < marks.length; place += step)
      if (variant(place) !== variant(from)) return place;
    return from;
  }

  function pressed(event, place) {
    const chart = drawn.get(place.dataset.chart);
    if (event.key === "Escape") return hideTip();
    if ("+-0".includes(event.key) && "zooms" in place.dataset)
      return zoom(chart, { "+": 0.5, "-": 2, 0: null }[event.key]);
    if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const found = marks(place);
    if (!found.length) return;
    const at = found[moved(found, found.findIndex((each) => each.classList.contains("at")), event.key)];
    hideTip();
    at.classList.add("at");
    const box = at.getBoundingClientRect();
    const value = at.__data__.tooltip;
    showTip(value, box.right, box.bottom - 14);
    live.textContent = Object.entries(value).map(([key, text]) => `${key} ${text}`).join(", ");
  }

  // Zoom: factor of the range that is seen; null for all of it.

  function zoom({ view, scales }, factor) {
    for (const { name, type, field } of scales) {
      let range = null;
      if (factor !== null) {
        const [apply, back] = type === "log" ? [Math.log, Math.exp] : [Number, Number];
        const [low, high] = view.scale(name).domain().map(apply);
        const half = (factor * (high - low)) / 2;
        range = [back((low + high) / 2 - half), back((low + high) / 2 + half)];
      }
      view.signal(`zoom_${field}`, range);
    }
    hideTip();
    view.runAsync();
  }

  function zoomButtons(place) {
    const bar = make("div", { class: "zoom", role: "group", "aria-label": `Zoom of ${place.dataset.title}` });
    for (const [sign, name, factor] of [["+", "Zoom in", 0.5], ["−", "Zoom out", 2], ["reset", "", null]]) {
      const named = name ? { "aria-label": name, title: name } : {};
      const button = make("button", { type: "button", ...named }, sign);
      button.addEventListener("click", () => zoom(drawn.get(place.dataset.chart), factor));
      bar.append(button);
    }
    place.parentElement.querySelector(".title").append(bar);
  }

  async function draw(place) {
    const name = place.dataset.chart;
    drawn.get(name)?.view.finalize();
    place.hidden = false;
    const target = make("div", { style: "width: 100%" });
    place.replaceChildren(target);
    const { view, vgSpec } = await vegaEmbed(target, themed(content.charts[name]), {
      mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false,
      tooltip: pointed, config: configuration(place.clientWidth),
    });
    // A scale that zooms takes its range from a signal of the field.
    const scales = vgSpec.scales
      .filter((each) => each.domainRaw)
      .map((each) => ({ ...each, field: each.domainRaw.signal.match(/\["(\w+)"\]/)?.[1] ?? each.name }));
    drawn.set(name, { view, scales });
    for (const svg of all("svg", place)) svg.setAttribute("aria-hidden", "true");
    await view.signal("hidden", [...hidden]).runAsync();
    place.closest("figure").classList.add("drawn");
  }

  // The legend hides a variant in all charts and tables.

  const SYMBOLS = {
    circle: "M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0",
    square: "M-.9,-.9h1.8v1.8h-1.8Z",
    diamond: "M0,-1L1,0L0,1L-1,0Z",
    cross: "M-1,-.35h.65v-.65h.7v.65h.65v.7h-.65v.65h-.7v-.65h-.65Z",
    "triangle-up": "M0,-.9L1,.8L-1,.8Z",
    "triangle-down": "M0,.9L1,-.8L-1,-.8Z",
  };

  function symbol({ shape, color, dark: other }) {
    const made = (name, attributes) => {
      const each = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) each.setAttribute(key, value);
      return each;
    };
    const svg = made("svg", { viewBox: "-1.1 -1.1 2.2 2.2", width: 12, height: 12, "aria-hidden": "true" });
    const path = made("path", { d: SYMBOLS[shape] ?? shape });
    path.style.fill = `light-dark(${color}, ${other})`;
    svg.append(path);
    return svg;
  }

  function show(number, visible) {
    if (visible) hidden.delete(number);
    else hidden.add(number);
  }

  function update() {
    hideTip();
    all("#legend button").forEach((button, place) => button.setAttribute("aria-pressed", String(!hidden.has(place))));
    for (const row of all("[data-variant]")) row.hidden = hidden.has(Number(row.dataset.variant));
    for (const { view } of drawn.values()) view.signal("hidden", [...hidden]).runAsync();
  }

  const legend = document.getElementById("legend");
  content.variants.forEach((variant, number) => {
    const button = make("button", { type: "button", "aria-pressed": "true", title: "Hide or show; with Shift, only this" });
    button.append(symbol(variant), variant.label);
    button.addEventListener("click", (event) => {
      if (event.shiftKey) content.variants.forEach((_, other) => show(other, other === number));
      else show(number, hidden.has(number));
      update();
    });
    legend.append(button);
  });
  legend.hidden = content.variants.length < 2;

  const places = all("[data-chart]").filter((place) => place.dataset.chart in content.charts);
  async function drawAll() {
    hideTip();
    for (const place of places) await draw(place);
    root.classList.add("charts-drawn");
  }
  for (const place of places) {
    const keys = `arrow keys go from mark to mark${"zooms" in place.dataset ? ", + and − zoom, 0 shows all" : ""}`;
    for (const [key, value] of Object.entries({ tabindex: 0, role: "group", "aria-label": `${place.dataset.title}: ${keys}` }))
      place.setAttribute(key, value);
    place.addEventListener("keydown", (event) => pressed(event, place));
    place.addEventListener("blur", hideTip);
    if ("zooms" in place.dataset) zoomButtons(place);
  }
  addEventListener("scroll", hideTip, { passive: true });
  dark.addEventListener("change", drawAll);
  drawAll();
})();
