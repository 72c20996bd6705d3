// The map of answers and small helpers. Used by time_machine.js.

const SIDE = 28; // pixels of an image
const REACH = 14; // px from the pointer to a dot that counts as under it
const SPREAD = 0.15; // of the circle's radius: sure images lie at one point, and are spread around it to be seen
const GLIDE_MS = 320;
const THUMB_PX = 8; // half the handle of a slider: the curves above it end where it does
const [RIGHT, WRONG] = ["#8A8F98", "#D65038"];

async function unzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Two pixels a byte, the first in its upper half.
function paint(canvas, pixels, row) {
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const pair = pixels[(row * SIDE * SIDE + i) >> 1];
    const grey = (i % 2 ? pair & 15 : pair >> 4) * 17;
    image.data.set([grey, grey, grey, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// Each frame was sent as its difference from the one before, modulo 256.
function framesOf(numbers, { count, epochs }) {
  const parts = (at) => ["predicted", "confidence", "x", "y"].map((name, i) => [name, numbers.subarray(at + i * count, at + (i + 1) * count)]);
  const frames = [];
  for (let i = 0, at = count; i < epochs.length; i++, at += 4 * count) {
    if (i) for (let j = 0; j < 4 * count; j++) numbers[at + j] += numbers[at - 4 * count + j];
    frames.push(Object.fromEntries(parts(at)));
  }
  return frames;
}

const percent = (share) => `${(100 * share).toFixed(2)}%`;
const reachOf = ({ accuracy, validation }) => {
  const values = [...accuracy, ...validation.filter((value) => value !== null)];
  return [Math.min(...values), Math.max(...values)];
};

// The curves have no axis: what their ends mean, and what is good and what is bad.
function scaleWords(machine) {
  const [low, high] = reachOf(machine).map(percent);
  return `Bottom ${low}, top ${high}. Good: both rise and stay. Bad: they fall again.`;
}

function drawCurves(canvas, machine, colour) {
  const { accuracy, validation, epochs, at, best, inks } = machine;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  [canvas.width, canvas.height] = [width, height].map((side) => Math.round(side * devicePixelRatio));
  const ink = canvas.getContext("2d");
  ink.scale(devicePixelRatio, devicePixelRatio);
  const [low, high] = reachOf(machine);
  const x = (i) => THUMB_PX + (i / Math.max(1, epochs.length - 1)) * (width - 2 * THUMB_PX);
  const y = (value) => height - 5 - ((value - low) / (high - low || 1)) * (height - 10);
  const upright = (i, alpha) => {
    [ink.globalAlpha, ink.strokeStyle, ink.lineWidth] = [alpha, colour, 1];
    ink.beginPath(); ink.moveTo(x(i), 0); ink.lineTo(x(i), height); ink.stroke();
    ink.globalAlpha = 1;
  };
  if (best !== null) upright(best, 0.35);
  upright(at, 0.9);
  for (const [series, stroke, dash] of [[accuracy, inks.test, []], [validation, inks.validation, [5, 4]]]) {
    ink.setLineDash(dash);
    [ink.strokeStyle, ink.lineWidth] = [stroke, 2];
    ink.beginPath();
    series.forEach((value, i) => value !== null && ink.lineTo(x(i), y(value)));
    ink.stroke();
    ink.setLineDash([]);
    if (series[at] === null) continue;
    ink.fillStyle = stroke;
    ink.beginPath(); ink.arc(x(at), y(series[at]), 3.5, 0, 7); ink.fill();
  }
}

class AnswerMap {
  constructor(machine, board) {
    [this.machine, this.board] = [machine, board];
    [this.canvas, this.tip] = [board.querySelector("canvas"), board.querySelector(".tip")];
    this.ink = this.canvas.getContext("2d");
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.leave());
  }

  load() {
    const { count } = this.machine;
    [this.x, this.y] = [new Float32Array(count), new Float32Array(count)];
    // The same place around its point for an image in every epoch, even over the disc.
    this.aside = Float32Array.from({ length: 2 * count }, (_, i) => {
      const row = i >> 1;
      const [turn, away] = [row * 2.399963, SPREAD * Math.sqrt((row * 0.754877) % 1)];
      return away * (i % 2 ? Math.sin(turn) : Math.cos(turn));
    });
    [this.from, this.frame] = [null, null];
    this.recolour();
    this.fit();
  }

  recolour() {
    this.sprites = null;
  }

  fit() {
    const [width, height] = [this.board.clientWidth, this.board.clientHeight];
    if (!this.x || !width) return;
    [this.width, this.height] = [width, height];
    [this.canvas.width, this.canvas.height] = [width, height].map((side) => Math.round(side * devicePixelRatio));
    this.names_px = width < 420 ? 11 : 13;
    this.scale = Math.min((width / 2 - (width < 420 ? 62 : 84)) / (1 + SPREAD), (height / 2 - 34) / (1 + SPREAD));
    this.recolour();
    if (this.frame) this.settle(1);
  }

  // Dots glide to where the frame has them; at once where somebody wants no motion, or nothing was there before.
  moveTo(frame) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || !this.frame;
    this.from = this.frame ? { x: this.x.slice(), y: this.y.slice() } : null;
    [this.frame, this.began] = [frame, performance.now()];
    this.leave();
    if (still) return this.settle(1);
    if (!this.gliding) this.gliding = requestAnimationFrame(() => this.glide());
  }

  glide() {
    const share = Math.min(1, (performance.now() - this.began) / GLIDE_MS);
    this.settle(share * (2 - share)); // fast, then slower
    this.gliding = share < 1 ? requestAnimationFrame(() => this.glide()) : null;
  }

  settle(share) {
    const { x, y } = this.frame;
    for (let row = 0; row < x.length; row++) {
      const [to, up] = [x[row] / 127.5 - 1 + this.aside[2 * row], y[row] / 127.5 - 1 + this.aside[2 * row + 1]];
      this.x[row] = this.from ? this.from.x[row] + share * (to - this.from.x[row]) : to;
      this.y[row] = this.from ? this.from.y[row] + share * (up - this.from.y[row]) : up;
    }
    this.draw();
  }

  at(row) {
    return [this.width / 2 + this.scale * this.x[row], this.height / 2 - this.scale * this.y[row]];
  }

  isWrong = (row) => this.frame.predicted[row] !== this.machine.labels[row];
  kindOf = (row) => (this.machine.by === "class" ? this.machine.labels[row] : Number(this.isWrong(row)));
  opacityOf = (row) => (this.machine.cell && !this.machine.isCell(this.machine.labels[row], this.frame.predicted[row]) ? 0.08 : 0.8);
  get radius() { return this.machine.count > 4000 ? 1.9 : 2.8; }
  get colours() { return this.machine.by === "class" ? this.machine.colours : [RIGHT, WRONG]; }

  draw() {
    if (!this.frame || !this.width) return;
    const { ink, machine } = this;
    const text = getComputedStyle(machine.host).color;
    this.sprites ??= this.colours.map((colour) => dot(colour, this.radius, text));
    ink.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ink.clearRect(0, 0, this.width, this.height);
    const half = this.sprites[0].width / devicePixelRatio / 2;
    for (const wrong of [false, true]) { // mistakes on top
      for (let row = 0; row < machine.count; row++) {
        if (this.isWrong(row) !== wrong) continue;
        const [x, y] = this.at(row);
        ink.globalAlpha = this.opacityOf(row);
        ink.drawImage(this.sprites[this.kindOf(row)], x - half, y - half, 2 * half, 2 * half);
      }
    }
    ink.globalAlpha = 1;
    [ink.font, ink.textBaseline, ink.fillStyle] = [`600 ${this.names_px}px ${getComputedStyle(machine.host).fontFamily}`, "middle", text];
    for (const { name, x, y, align } of this.titles()) {
      ink.textAlign = align;
      ink.fillText(name, x, y);
    }
    const said = `Map of ${machine.count} test images after epoch ${machine.epochs[machine.at]}: ${machine.host.dataset.wrong ?? ""} are not at the name of their class.`;
    this.canvas.setAttribute("aria-label", said);
  }

  // The classes' names, outside of their dots.
  titles() {
    return this.machine.anchors.map(([x, y], label) => {
      const away = this.scale * (1 + SPREAD) + 8;
      const align = Math.abs(x) < 0.2 ? "center" : x > 0 ? "left" : "right";
      return { name: this.machine.names[label], x: this.width / 2 + away * x, y: this.height / 2 - away * y - (align === "center" ? 6 * Math.sign(y) : 0), align };
    });
  }

  point(event) {
    if (!this.frame) return;
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, least] = [null, REACH * REACH];
    for (let row = 0; row < this.machine.count; row++) {
      const [at, up] = this.at(row);
      const away = (at - x) ** 2 + (up - y) ** 2;
      if (away < least && this.opacityOf(row) > 0.5) [best, least] = [row, away];
    }
    if (best === null) return this.leave();
    if (best === this.shown) return;
    this.shown = best;
    paint(this.tip.querySelector("canvas"), this.machine.pixels, best);
    this.tip.querySelector("span").textContent = [...this.machine.words(best, this.frame), `test ${best}`].join("\n");
    this.tip.classList.add("shown");
    const [left, top] = this.at(best);
    const [width, height] = [this.tip.offsetWidth, this.tip.offsetHeight];
    this.tip.style.left = `${left + 16 + width > this.width ? Math.max(0, left - 16 - width) : left + 16}px`;
    this.tip.style.top = `${Math.max(0, Math.min(top - height / 2, this.height - height))}px`;
  }

  leave() {
    this.shown = null;
    this.tip.classList.remove("shown");
  }

  // The same as SVG: a dot for each image, which says under the pointer what it is.
  shapes() {
    const style = getComputedStyle(this.machine.host);
    const dots = Array.from({ length: this.machine.count }, (_, row) => {
      const [x, y] = this.at(row).map(rounded);
      return `<circle cx="${x}" cy="${y}" r="${this.radius}" fill="${this.colours[this.kindOf(row)]}" fill-opacity="${this.opacityOf(row)}"><title>${escaped(this.machine.words(row, this.frame).join(" "))}</title></circle>`;
    });
    const anchor = { center: "middle", left: "start", right: "end" };
    const words = this.titles().map(({ name, x, y, align }) =>
      `<text x="${rounded(x)}" y="${rounded(y + this.names_px * 0.35)}" text-anchor="${anchor[align]}">${escaped(name)}</text>`);
    return `${dots.join("")}<g font-family="${escaped(style.fontFamily)}" font-size="${this.names_px}" font-weight="600" fill="${inkOf(style.color).colour}">${words.join("")}</g>`;
  }
}

// A rim in the colour of the text lifts dark dots off a dark page and pale ones off a light page.
function dot(colour, radius, rim) {
  const side = Math.ceil((2 * radius + 2) * devicePixelRatio);
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const ink = canvas.getContext("2d");
  ink.fillStyle = colour;
  ink.beginPath();
  ink.arc(side / 2, side / 2, radius * devicePixelRatio, 0, 7);
  ink.fill();
  [ink.globalAlpha, ink.lineWidth, ink.strokeStyle] = [0.3, 0.6 * devicePixelRatio, rim];
  ink.stroke();
  return canvas;
}
