// The browser part of live_chart.py, which puts uPlot, save_picture.js and live_chart_*.js in front of this file.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const charts = new WeakMap(); // parentElement -> LiveChart
const MANY = 10; // curves in a panel beyond which it has no legend
const mounts = new Map(); // key of the chart -> how often its canvases were built since the page was loaded

export default function ({ data, parentElement }) {
  if (!charts.has(parentElement)) charts.set(parentElement, new LiveChart(parentElement));
  const chart = charts.get(parentElement);
  chart.update(data);
  // Streamlit may run the clean-up of a call that a newer one has overtaken: only a chart that has left the page
  // is taken down.
  return () => setTimeout(() => {
    if (chart.host.isConnected) return;
    chart.destroy();
    charts.delete(parentElement);
  });
}

// ---- data ----------------------------------------------------------------------------------------------------

function unpack(bytes) {
  const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  const numbers = new Float32Array(bytes.slice(start).buffer);
  let at = 0;
  for (const series of head.panels.flatMap((panel) => panel.series)) {
    series.x = Array.from(numbers.subarray(at, at + series.count));
    series.y = Array.from(numbers.subarray(at + series.count, at + 2 * series.count), finiteOrGap);
    at += 2 * series.count;
  }
  return head;
}

const finiteOrGap = (value) => (Number.isFinite(value) ? value : null);
const same = (a, b) => a?.length === b.length && a.every((value, i) => value === b[i]);

// What decides whether the canvases can stay: everything but the numbers and the words that change with them.
function structure({ xLabel, heightPx, empty, panels }) {
  const shape = panels.map(({ title, yLabel, yFormat, series }) =>
    [title, yLabel, yFormat, series.map(({ label, colour, style }) => [label, colour, style])]);
  return JSON.stringify([xLabel, heightPx, empty, shape]);
}

function xExtent(panels) {
  let [min, max] = [Infinity, -Infinity];
  for (const { x } of panels.flatMap((panel) => panel.series)) {
    if (x.length) [min, max] = [Math.min(min, x[0]), Math.max(max, x[x.length - 1])];
  }
  if (min > max) return [0, 1];
  return min === max ? [min - 0.5, max + 0.5] : [min, max];
}

// ---- elements ------------------------------------------------------------------------------------------------

function add(parent, tag, className, text = "") {
  const element = parent.appendChild(document.createElement(tag));
  element.className = className;
  element.textContent = text;
  return element;
}

const SWATCHES = {
  line: '<path d="M1 5H21" stroke-width="2.5"/>',
  thin: '<path d="M1 5H21" stroke-width="1" opacity=".7"/>',
  dashed: '<path d="M1 5H8M14 5H21" stroke-width="2"/><circle cx="11" cy="5" r="2.2" stroke-width="1.5"/>',
  points: '<g stroke-width="1.5"><circle cx="5" cy="5" r="2.2"/><circle cx="17" cy="5" r="2.2"/></g>',
};

function swatch({ style, colour }) {
  const holder = document.createElement("span");
  holder.innerHTML = `<svg width="22" height="10" fill="none" aria-hidden="true" data-saved>${SWATCHES[style]}</svg>`;
  holder.firstChild.setAttribute("stroke", colour);
  return holder.firstChild;
}

// ---- the chart -----------------------------------------------------------------------------------------------

class LiveChart {
  constructor(parent) {
    this.host = add(parent, "section", "live-chart");
    this.host.setAttribute("role", "group");
    this.syncKey = `live-chart-${Math.random()}`;
    this.plots = [];
    this.hidden = new Set(); // "panel title / series label": outlives a rebuild, as the zoom does
    this.zoom = null; // [min, max] chosen by the user, else null
    this.held = null; // the view during a drag
    this.draws = 0;
    const shapes = (canvas) => curveShapes(this, this.plots.find(({ area }) => area.contains(canvas)));
    this.menu = new SaveMenu(this.host, shapes, () => csvOf(this.head));
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.host);
  }

  view() {
    return this.held ?? this.zoom ?? this.extent;
  }

  update(bytes) {
    const fresh = !same(this.bytes, bytes);
    const recoloured = this.readColours();
    if (fresh) {
      this.bytes = bytes;
      this.head = unpack(bytes);
      this.extent = xExtent(this.head.panels);
      if (structure(this.head) !== this.built) this.build();
      this.show();
    } else if (recoloured) this.plots.forEach(({ u }) => u.redraw(false));
  }

  readColours() {
    const ink = this.host.querySelector(".ink") ?? add(this.host, "i", "ink");
    const { color, backgroundColor, borderTopColor } = getComputedStyle(ink);
    const before = this.colours;
    this.colours = { ink: color, line: backgroundColor, paper: borderTopColor };
    return JSON.stringify(before) !== JSON.stringify(this.colours);
  }

  build() {
    this.built = structure(this.head);
    this.held = null; // a drag does not outlive the canvas it began on
    mounts.set(this.head.key, (mounts.get(this.head.key) ?? 0) + 1);
    this.plots.forEach(({ u }) => u.destroy());
    this.host.querySelectorAll(".panels, .foot").forEach((element) => element.remove());
    const grid = add(this.host, "div", "panels");
    this.plots = this.head.panels.map((panel) => this.buildPanel(grid, panel));
    const foot = add(this.host, "div", "foot");
    this.note = add(foot, "span", "note");
    foot.dataset.unsaved = "";
    add(foot, "button", "reset", "Reset zoom").onclick = () => this.reset();
    foot.append(this.menu.box);
    this.resize();
  }

  buildPanel(grid, panel) {
    const box = add(grid, "div", "panel");
    const title = add(box, "div", "panel-title", panel.title);
    if (panel.yLabel) add(title, "span", "", panel.yLabel);
    const legend = add(box, "div", "legend");
    if (panel.series.length > MANY) legend.style.display = "none"; // nobody reads it, and it would be taller than the plot
    const area = add(box, "div", "plot");
    area.style.height = `${this.head.heightPx}px`;
    area.setAttribute("role", "img");
    add(area, "div", "waiting", this.head.empty);
    const u = new uPlot(plotOptions(this, panel), [[], ...panel.series.map(() => [])], area);
    followPointer(this, u);
    u.root.querySelectorAll(".u-over, .u-under").forEach((layer) => { layer.dataset.unsaved = ""; }); // cursor, selection
    const values = panel.series.map((series, i) => this.buildEntry(legend, panel, series, u, i + 1));
    return { panel, area, u, values };
  }

  buildEntry(legend, panel, series, u, index) {
    const name = nameOf(panel, series);
    const button = add(legend, "button", "");
    button.title = "Show or hide";
    button.append(swatch(series));
    add(button, "span", "name", series.label);
    const press = () => {
      button.setAttribute("aria-pressed", String(!this.hidden.has(name)));
      button.toggleAttribute("data-unsaved", this.hidden.has(name));
    };
    button.onclick = () => {
      if (!this.hidden.delete(name)) this.hidden.add(name);
      u.setSeries(index, { show: !this.hidden.has(name) });
      press();
    };
    press();
    return add(button, "span", "value", "–");
  }

  show() {
    this.draws += 1;
    this.menu.update(this.head.file, this.head.alt);
    this.host.setAttribute("aria-label", this.head.alt || "Curves of this Run");
    this.head.panels.forEach((panel, i) => {
      const plot = this.plots[i];
      plot.panel = panel;
      plot.area.classList.toggle("empty", panel.series.every(({ y }) => y.every((value) => value === null)));
      // Each series keeps its own x. A gap is widened to the neighbours that have a value (null mode 2).
      plot.u.setData(uPlot.join(panel.series.map(({ x, y }) => [x, y]), panel.series.map(() => [0, 2])));
      const last = panel.series.map(({ label, y }) => `${label} ${reading(panel.yFormat, y.findLast(isValue))}`);
      plot.area.setAttribute("aria-label", `${panel.title}, latest values: ${last.join(", ")}`);
    });
    this.read();
  }

  // Legend and foot: what is under the cursor, else the latest.
  read() {
    const { u: first } = this.plots[0] ?? {};
    const hovered = first?.cursor.left >= 0;
    for (const { u, panel, values } of this.plots) {
      panel.series.forEach(({ y }, i) => {
        const value = hovered ? u.data[i + 1][u.cursor.idxs[i + 1]] : y.findLast(isValue);
        values[i].textContent = reading(panel.yFormat, value);
      });
    }
    if (!this.note) return;
    const label = this.head.xLabel;
    if (hovered) this.note.textContent = positions(label, first.posToVal(first.cursor.left, "x"));
    else if (this.zoom) this.note.textContent = `Zoomed: ${positions(label, ...this.zoom)}`;
    else this.note.textContent = HINT;
  }

  reset() {
    this.zoom = null;
    this.rescale();
  }

  rescale() {
    const [min, max] = this.view();
    this.host.classList.toggle("zoomed", this.zoom !== null);
    this.plots.forEach(({ u }) => u.setScale("x", { min, max }));
    this.read();
  }

  select(range) {
    for (const { u } of this.plots) {
      const [from, to] = range ? range.map((x) => u.valToPos(x, "x")) : [0, 0];
      u.setSelect({ left: from, width: to - from, top: 0, height: range ? u.over.clientHeight : 0 }, false);
    }
  }

  resize() {
    for (const { u, area } of this.plots) {
      const width = area.clientWidth;
      if (width && width !== u.width) u.setSize({ width, height: this.head.heightPx });
    }
  }

  // What a browser test can see of a canvas.
  expose() {
    const { min, max } = this.plots[0]?.u.scales.x ?? {};
    const ticks = this.plots[0]?.u.axes[0]._values ?? [];
    Object.assign(this.host.dataset, {
      points: this.head.panels.flatMap((panel) => panel.series).reduce((sum, { count }) => sum + count, 0),
      xmin: min,
      xmax: max,
      xticks: ticks.join(" "),
      draws: this.draws,
      mounts: mounts.get(this.head.key),
      hidden: this.plots.flatMap(({ u }) => u.series.slice(1).filter(({ show }) => !show).map((s) => s.label)).join(),
    });
  }

  destroy() {
    this.resizing.disconnect();
    this.plots.forEach(({ u }) => u.destroy());
    this.host.remove();
  }
}

const nameOf = (panel, series) => `${panel.title} / ${series.label}`;
const isValue = (value) => value !== null;
