// The browser part of parallel.py; save_picture.js stands in front of it.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const charts = new WeakMap(); // parentElement -> Parallel
const SVG = "http://www.w3.org/2000/svg";
const [TOP, BOTTOM, SIDE, HEIGHT] = [44, 14, 14, 330];
const AXIS_WIDTH = 104; // px that an axis needs for its words
const HINT = "Drag along an axis to keep only the trials that pass there; click it to let go.";

export default function ({ data, parentElement, setStateValue }) {
  if (!charts.has(parentElement)) charts.set(parentElement, new Parallel(parentElement));
  const chart = charts.get(parentElement);
  chart.send = (numbers) => setStateValue("brushed", numbers);
  chart.update(data);
}

const add = (parent, name, attributes = {}, text) => {
  const element = parent.appendChild(document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const clamp = (value) => Math.min(1, Math.max(0, value));

class Parallel {
  constructor(root) {
    const holder = root.appendChild(document.createElement("div"));
    holder.innerHTML = '<div class="parallel"><div class="scroll"><canvas aria-hidden="true"></canvas><svg class="plot" role="img"></svg></div>'
      + '<div class="foot" data-unsaved><span></span><button type="button">Clear brushes</button></div></div>';
    this.host = holder.firstChild;
    [this.svg, this.note, this.clear] = ["svg", ".foot span", ".foot button"].map((one) => this.host.querySelector(one));
    this.brushes = new Map(); // title of an axis -> [low, high]
    this.menu = new SaveMenu(this.host, () => shapes(this.svg)); // in place of the canvas, which is empty
    this.clear.onclick = () => { this.brushes.clear(); this.brushed(); };
    new ResizeObserver(() => this.draw()).observe(this.host);
  }

  update(data) {
    const text = JSON.stringify(data);
    if (text === this.text) return; // the theme changed: the colours follow by themselves
    [this.text, this.data] = [text, data];
    const titles = new Set(data.axes.map(({ title }) => title));
    for (const title of this.brushes.keys()) if (!titles.has(title)) this.brushes.delete(title);
    this.svg.setAttribute("aria-label", data.alt);
    this.menu.update(data.file, data.alt);
    this.draw();
    if (this.brushes.size) this.tell(); // a trial that ended meanwhile may lie within
  }

  x(place) {
    const inner = this.width - 2 * SIDE - AXIS_WIDTH;
    return SIDE + AXIS_WIDTH / 2 + (inner * place) / Math.max(1, this.data.axes.length - 1);
  }

  y(share) { return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM); }

  kept(trial) {
    return this.data.axes.every(({ title, places }) => {
      const brush = this.brushes.get(title);
      return !brush || (places[trial] !== null && places[trial] >= brush[0] && places[trial] <= brush[1]);
    });
  }

  draw() {
    if (!this.data) return;
    const { axes, numbers, shades } = this.data;
    this.svg.style.setProperty("--least", `${axes.length * AXIS_WIDTH + 2 * SIDE}px`);
    this.width = this.svg.getBoundingClientRect().width || 600;
    this.svg.replaceChildren();
    const lines = add(this.svg, "g");
    const best = shades.indexOf(Math.max(...shades));
    this.lines = numbers.map((number, trial) => this.line(lines, trial, trial === best));
    // The worst first, so that the best lie on top.
    [...numbers.keys()].sort((a, b) => shades[a] - shades[b]).forEach((trial) => lines.append(this.lines[trial]));
    axes.forEach((axis, place) => this.axis(axis, place));
    this.show();
  }

  line(parent, trial, isBest) {
    const points = this.data.axes
      .map(({ places }, place) => (places[trial] === null ? null : [this.x(place), this.y(places[trial])]))
      .filter(Boolean);
    const path = points.map(([x, y], i) => (i ? curve(points[i - 1], [x, y]) : `M${x},${y}`)).join("");
    const line = add(parent, "path", { d: path, "stroke-opacity": 0.22 + 0.7 * this.data.shades[trial] ** 2 });
    line.classList.toggle("best", isBest);
    line.onpointerenter = () => { line.classList.add("hovered"); this.note.textContent = this.words(trial); };
    line.onpointerleave = () => { line.classList.remove("hovered"); this.show(); };
    return line;
  }

  words(trial) {
    const values = this.data.axes.map(({ title, words }) => `${title} ${words[trial]}`);
    return `Trial ${this.data.numbers[trial]}: ${values.join(", ")}`;
  }

  axis({ title, ticks }, place) {
    const x = this.x(place);
    add(this.svg, "line", { x1: x, x2: x, y1: this.y(0), y2: this.y(1) });
    for (const [i, words] of broken(title).entries()) {
      add(this.svg, "text", { class: "title", x, y: 13 + 15 * i, "text-anchor": "middle" }, words);
    }
    for (const [share, words] of ticks) {
      add(this.svg, "line", { x1: x - 3, x2: x + 3, y1: this.y(share), y2: this.y(share) });
      add(this.svg, "text", { x: x + 7, y: this.y(share) + 4 }, words);
    }
    const brush = add(this.svg, "rect", { class: "brush", x: x - 7, width: 14, height: 0, "data-unsaved": "" });
    const handle = add(this.svg, "rect", {
      class: "handle", x: x - 16, y: this.y(1) - 8, width: 32, height: this.y(0) - this.y(1) + 16,
      "data-axis": title, "data-unsaved": "",
    });
    this.follow(handle, title, brush);
    this.paint(brush, this.brushes.get(title));
  }

  follow(handle, title, brush) {
    const share = ({ clientY }) => {
      const top = this.svg.getBoundingClientRect().top;
      return clamp((this.y(0) - (clientY - top)) / (this.y(0) - this.y(1)));
    };
    handle.onpointerdown = (event) => {
      handle.setPointerCapture(event.pointerId);
      const from = share(event);
      let moved = false;
      handle.onpointermove = (move) => {
        const to = share(move);
        moved ||= Math.abs(to - from) > 0.015;
        if (!moved) return;
        this.brushes.set(title, [Math.min(from, to), Math.max(from, to)]);
        this.paint(brush, this.brushes.get(title));
        this.show();
      };
      handle.onpointerup = handle.onpointercancel = () => {
        handle.onpointermove = handle.onpointerup = handle.onpointercancel = null;
        if (!moved) this.brushes.delete(title);
        this.brushed();
      };
    };
  }

  paint(brush, range) {
    brush.setAttribute("y", range ? this.y(range[1]) : 0);
    brush.setAttribute("height", range ? Math.max(2, this.y(range[0]) - this.y(range[1])) : 0);
  }

  brushed() {
    this.draw();
    this.tell();
  }

  tell() {
    const kept = this.data.numbers.filter((_, trial) => this.kept(trial));
    this.send(this.brushes.size ? kept : null);
  }

  show() {
    let count = 0;
    this.lines.forEach((line, trial) => {
      const kept = this.kept(trial);
      line.classList.toggle("out", !kept);
      count += kept;
    });
    this.clear.classList.toggle("shown", this.brushes.size > 0);
    this.host.dataset.kept = count;
    this.host.dataset.count = this.lines.length;
    this.note.textContent = this.brushes.size ? `${count} of ${this.lines.length} trials pass the brushes.` : HINT;
  }
}

// A gentle S between two axes: lines that meet on an axis can be told apart.
const curve = ([x0, y0], [x1, y1]) => {
  const bend = (x1 - x0) * 0.35;
  return `C${x0 + bend},${y0} ${x1 - bend},${y1} ${x1},${y1}`;
};

// Lines and axes with the colours that they have now, for a saved picture; its words are found by the menu.
function shapes(svg) {
  const drawn = [...svg.querySelectorAll("path, line")].map((element) => {
    const style = getComputedStyle(element);
    const place = ["d", "x1", "x2", "y1", "y2"].filter((name) => element.hasAttribute(name));
    const where = place.map((name) => `${name}="${element.getAttribute(name)}"`).join(" ");
    const { colour, opacity } = inkOf(style.stroke);
    return `<${element.tagName} ${where} fill="none" stroke="${colour}" stroke-opacity="${opacity * style.strokeOpacity}" `
      + `stroke-width="${parseFloat(style.strokeWidth)}"/>`;
  });
  return drawn.join("");
}

// A title in at most two lines.
function broken(title) {
  if (title.length <= 16) return [title];
  const words = title.split(" ");
  let cut = 1;
  while (cut < words.length - 1 && words.slice(0, cut + 1).join(" ").length <= title.length / 2 + 3) cut += 1;
  return [words.slice(0, cut).join(" "), words.slice(cut).join(" ")].filter(Boolean);
}
