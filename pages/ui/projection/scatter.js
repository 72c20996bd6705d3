// The browser part of scatter.py, which puts scatter_view.js in front of this file.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const SHORTEST = 30; // px; a shorter lasso is a click
const maps = new WeakMap(); // parentElement -> ScatterMap

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!maps.has(parentElement)) maps.set(parentElement, new ScatterMap(parentElement));
  const map = maps.get(parentElement);
  map.open = (value) => setTriggerValue("clicked", { identity: map.identity, value });
  map.take = (value) => setStateValue("lasso", { identity: map.identity, value });
  map.update(data);
}

const FRAME = `
  <div class="scatter">
    <div class="tools" data-unsaved>
      <span class="pair" role="group" aria-label="What dragging does">
        <button type="button" data-mode="lasso">Lasso</button><button type="button" data-mode="move">Move</button>
      </span>
      <span class="pair">
        <button type="button" data-act="closer" aria-label="Zoom in">+</button><button type="button" data-act="farther" aria-label="Zoom out">−</button><button type="button" data-act="whole">Whole map</button>
      </span>
      <button type="button" data-act="clear" class="clear">Clear lasso</button>
      <span class="hint"></span>
    </div>
    <div class="board"><canvas role="img" tabindex="0"></canvas><div class="tip" aria-hidden="true" data-unsaved><canvas width="28" height="28"></canvas><span></span></div></div>
    <div class="axis"></div>
    <div class="classes" role="group" aria-label="Classes shown"></div>
  </div>`;

class ScatterMap {
  constructor(root) {
    const holder = document.createElement("div");
    holder.innerHTML = FRAME;
    root.appendChild(holder);
    const find = (selector) => holder.querySelector(selector);
    [this.host, this.board, this.canvas, this.tip] = [".scatter", ".board", ".board > canvas", ".tip"].map(find);
    this.ink = this.canvas.getContext("2d");
    this.mode = matchMedia("(pointer: coarse)").matches ? "move" : "lasso"; // a finger scrolls the page first
    this.hidden = new Set();
    this.menu = new SaveMenu(this.host, () => shapes(this));
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.board);
  }

  update(bytes) {
    const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
    if (head.identity !== this.identity) this.load(head, bytes, start);
    this.show(); // the theme may have changed
  }

  load(head, bytes, start) {
    Object.assign(this, head);
    const numbers = new Float32Array(bytes.slice(start, start + 8 * this.count).buffer);
    const after = start + 8 * this.count;
    this.labels = bytes.slice(after, after + this.count);
    this.view = new View(numbers.subarray(0, this.count), numbers.subarray(this.count));
    [this.path, this.taken, this.at] = [[], new Set(), null];
    this.hidden.clear();
    this.pixels = null;
    unzip(bytes.slice(after + this.count)).then((pixels) => { this.pixels = pixels; });
    this.canvas.setAttribute("aria-label", this.alt);
    this.menu.update(this.file, this.alt);
    const [right, up] = this.axes;
    this.host.querySelector(".axis").textContent = up ? `→ ${right}   ↑ ${up}` : right;
    this.host.dataset.count = this.count;
    this.host.dataset.taken = 0;
    this.host.querySelector(".classes").replaceChildren(...this.classes.map((one) => this.chip(one)));
    this.fit();
  }

  chip({ name, label, colour, count }) {
    const chip = Object.assign(document.createElement("button"), { type: "button", title: `${count} images` });
    chip.innerHTML = '<i></i><span></span>';
    chip.querySelector("i").style.background = colour;
    chip.querySelector("span").textContent = name;
    chip.setAttribute("aria-pressed", "true");
    chip.onclick = () => {
      if (!this.hidden.delete(label)) this.hidden.add(label);
      chip.setAttribute("aria-pressed", !this.hidden.has(label));
      this.show();
    };
    return chip;
  }

  fit() {
    if (!this.view || !this.board.clientWidth) return;
    const [width, height] = [this.board.clientWidth, this.board.clientHeight];
    [this.canvas.width, this.canvas.height] = [width, height].map((side) => Math.round(side * devicePixelRatio));
    this.view.resize(width, height);
    this.show();
  }

  // ---- input ---------------------------------------------------------------------------------------------------

  listen() {
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"]) this.canvas.addEventListener(kind, (event) => this.up(event));
    this.canvas.addEventListener("pointerleave", () => this.drag || this.point(null));
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.host.addEventListener("click", (event) => {
      const { mode, act } = event.target.closest("button")?.dataset ?? {};
      if (mode) this.mode = mode;
      if (act) this[act]();
      if (mode || act) this.show();
    });
  }

  closer() { this.view.zoomAt(1.5); }
  farther() { this.view.zoomAt(1 / 1.5); }
  whole() { this.view.reset(); this.view.place(); }
  clear() { this.select([]); }

  place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  }

  down(event) {
    if (event.button || this.drag) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { start: this.place(event), last: this.place(event), length: 0 };
    if (this.mode === "lasso") this.trail = [this.place(event)];
  }

  move(event) {
    const [x, y] = this.place(event);
    if (!this.drag) return this.point(this.view.nearest(x, y, this.isShown));
    const [dx, dy] = [x - this.drag.last[0], y - this.drag.last[1]];
    this.drag.length += Math.hypot(dx, dy);
    this.drag.last = [x, y];
    if (this.drag.length < 5) return;
    this.point(null);
    if (this.mode === "lasso") this.trail.push([x, y]);
    else this.view.pan(dx, dy);
    this.show();
  }

  up(event) {
    if (!this.drag) return;
    const { length, start } = this.drag;
    const trail = this.trail ?? [];
    [this.drag, this.trail] = [null, null];
    if (event.type === "pointercancel") return this.show();
    if (length < 5) {
      const row = this.view.nearest(...start, this.isShown);
      this.point(row);
      if (row !== null) this.open(row);
    } else if (this.mode === "lasso" && length > SHORTEST) {
      this.select(this.view.inside(trail, this.isShown));
    }
    this.show();
  }

  wheel(event) {
    if (this.mode !== "move" && !event.ctrlKey) return; // else the page scrolls
    event.preventDefault();
    this.view.zoomAt(Math.exp(-event.deltaY / 300), ...this.place(event));
    this.point(null);
    this.show();
  }

  key(event) {
    const next = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (next) this.point(((this.at ?? -1) + next + this.count) % this.count);
    else if (event.key === "Enter" && this.at !== null) this.open(this.at);
    else if (event.key === "Escape") this.clear();
    else return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
    this.show();
  }

  isShown = (row) => !this.hidden.has(this.labels[row]);

  select(rows) {
    if (!rows.length && !this.taken.size) return;
    this.taken = new Set(rows);
    this.host.dataset.taken = rows.length;
    this.take(rows);
  }

  // ---- output --------------------------------------------------------------------------------------------------

  point(row) {
    if (row === this.at && this.tip.classList.contains("shown")) return;
    this.at = row;
    this.canvas.style.cursor = row === null ? "crosshair" : "pointer";
    this.tip.classList.toggle("shown", row !== null);
    if (row === null) return this.show();
    if (this.pixels) paint(this.tip.querySelector("canvas"), this.pixels, row);
    const one = this.classes.find(({ label }) => label === this.labels[row]);
    this.tip.querySelector("span").textContent = `${one.name}\n${this.names[row]}`;
    const [x, y] = [this.view.sx[row], this.view.sy[row]];
    const [width, height] = [this.tip.offsetWidth, this.tip.offsetHeight];
    this.tip.style.left = `${x + 16 + width > this.view.width ? x - 16 - width : x + 16}px`;
    this.tip.style.top = `${Math.max(0, Math.min(y - height / 2, this.view.height - height))}px`;
    this.show();
  }

  show() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.draw(); });
  }

  draw() {
    if (!this.view?.sx) return;
    for (const button of this.host.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", button.dataset.mode === this.mode);
    }
    this.host.dataset.mode = this.mode;
    this.host.classList.toggle("zoomed", this.view.zoom > 1);
    this.host.classList.toggle("chosen", this.taken.size > 0);
    this.host.querySelector(".hint").textContent = this.taken.size ? `${this.taken.size} images chosen` : "";
    const { ink } = this;
    ink.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ink.clearRect(0, 0, this.view.width, this.view.height);
    this.dots();
    this.outline();
    this.titles();
  }

  dots() {
    const [radius, rim] = [radiusOf(this), getComputedStyle(this.host).color];
    for (const { label, colour } of this.classes) {
      if (this.hidden.has(label)) continue;
      const dot = sprite(colour, radius, rim);
      const half = dot.width / devicePixelRatio / 2;
      for (let row = 0; row < this.count; row++) {
        if (this.labels[row] !== label) continue;
        this.ink.globalAlpha = opacityOf(this, row);
        this.ink.drawImage(dot, this.view.sx[row] - half, this.view.sy[row] - half, 2 * half, 2 * half);
      }
    }
    this.ink.globalAlpha = 1;
    if (this.at !== null) this.ring(this.at, radius + 3);
  }

  ring(row, radius) {
    this.ink.beginPath();
    this.ink.arc(this.view.sx[row], this.view.sy[row], radius, 0, 7);
    this.ink.lineWidth = 2;
    this.ink.strokeStyle = getComputedStyle(this.host).color;
    this.ink.stroke();
  }

  outline() {
    if (!this.trail) return;
    const { ink } = this;
    ink.beginPath();
    this.trail.forEach(([x, y]) => ink.lineTo(x, y));
    ink.closePath();
    ink.setLineDash([5, 4]);
    ink.lineWidth = 1.5;
    ink.strokeStyle = getComputedStyle(this.host).color;
    ink.stroke();
    ink.setLineDash([]);
    ink.globalAlpha = 0.08;
    ink.fillStyle = ink.strokeStyle;
    ink.fill();
    ink.globalAlpha = 1;
  }

  titles() {
    const { ink } = this;
    const { font, colour, ground, names } = namesOf(this);
    [ink.font, ink.textAlign, ink.textBaseline, ink.lineJoin] = [font, "center", "middle", "round"];
    [ink.lineWidth, ink.strokeStyle, ink.fillStyle] = [4, ground, colour];
    for (const { name, x, y } of names) {
      ink.strokeText(name, x, y);
      ink.fillText(name, x, y);
    }
  }
}
