// The browser part of pixel_image.py: 784 squares on a canvas, a ring on the chosen one, a scale with its numbers.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const SIDE = 28;
const PAUSE_MS = 300; // a held arrow key is one choice, not twenty
const STEPS = { ArrowUp: -SIDE, ArrowDown: SIDE, ArrowLeft: -1, ArrowRight: 1 };
const images = new WeakMap(); // parentElement -> PixelImage

export default function ({ data, parentElement, setTriggerValue }) {
  if (!images.has(parentElement)) images.set(parentElement, new PixelImage(parentElement));
  const image = images.get(parentElement);
  image.send = (pixel) => setTriggerValue("pixel", pixel);
  image.update(data);
}

const FRAME = `
  <div class="pixel-image">
    <div class="board" tabindex="0" role="application" aria-roledescription="picture of 28 by 28 pixels">
      <canvas width="${SIDE}" height="${SIDE}" aria-hidden="true"></canvas>
      <span class="hover" aria-hidden="true" data-unsaved></span>
    </div>
    <div class="foot">
      <p class="reading" aria-live="polite"></p>
      <div class="nudge" data-unsaved role="group" aria-label="Move the choice by one pixel">
        <button type="button" data-key="ArrowLeft" aria-label="Left">←</button>
        <button type="button" data-key="ArrowUp" aria-label="Up">↑</button>
        <button type="button" data-key="ArrowDown" aria-label="Down">↓</button>
        <button type="button" data-key="ArrowRight" aria-label="Right">→</button>
      </div>
    </div>
    <div class="scale" aria-hidden="true"><span class="low"></span><i></i><span class="high"></span></div>
  </div>`;

class PixelImage {
  constructor(root) {
    const holder = document.createElement("div");
    holder.innerHTML = FRAME;
    root.appendChild(holder);
    const find = (selector) => holder.querySelector(selector);
    [this.host, this.board, this.canvas] = [find(".pixel-image"), find(".board"), find("canvas")];
    [this.reading, this.hoverBox] = [find(".reading"), find(".hover")];
    this.ink = this.canvas.getContext("2d");
    this.listen(find(".nudge"));
    this.menu = new SaveMenu(this.host, () => this.squares());
  }

  update(bytes) {
    const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    Object.assign(this, JSON.parse(new TextDecoder().decode(bytes.subarray(4, start))));
    this.values = new Float32Array(bytes.slice(start, start + 4 * SIDE * SIDE).buffer);
    clearTimeout(this.pending);
    this.host.style.maxWidth = `${this.width}px`;
    this.board.setAttribute("aria-label", `${this.alt} Arrow keys choose a pixel.`.trim());
    this.menu.update(this.file, this.alt);
    this.paint();
    this.ring();
    this.read();
  }

  paint() {
    const colours = this.stops[isDark(this.host) ? 1 : 0].map(parse);
    const image = this.ink.createImageData(SIDE, SIDE);
    this.values.forEach((value, i) => {
      // What has no value is a faint chequer: neither low nor high.
      if (Number.isNaN(value)) return image.data.set([128, 128, 128, (i + Math.floor(i / SIDE)) % 2 ? 26 : 52], 4 * i);
      image.data.set([...mix(colours, this.share(value)), 255], 4 * i);
    });
    this.ink.putImageData(image, 0, 0);
    const bar = this.host.querySelector(".scale i");
    bar.style.background = `linear-gradient(to right, ${colours.map((c) => `rgb(${c})`).join(",")})`;
    bar.dataset.middle = this.diverging ? "0" : "";
    this.host.querySelector(".low").textContent = this.write(this.low, 0);
    this.host.querySelector(".high").textContent = this.write(this.high, 0);
  }

  // The pixels as shapes that say their value.
  squares() {
    const { data } = this.ink.getImageData(0, 0, SIDE, SIDE);
    const side = this.canvas.clientWidth / SIDE;
    const square = (_, i) => `<rect x="${i % SIDE}" y="${Math.floor(i / SIDE)}" width="1" height="1" fill="rgb(${data.subarray(4 * i, 4 * i + 3)})" fill-opacity="${data[4 * i + 3] / 255}"><title>${escaped(this.say(i))}</title></rect>`;
    return `<g transform="scale(${side})" shape-rendering="crispEdges">${Array.from(this.values, square).join("")}</g>`;
  }

  share(value) {
    return this.high > this.low ? Math.min(1, Math.max(0, (value - this.low) / (this.high - this.low))) : 0;
  }

  write(value, least = this.decimals) {
    const text = value.toLocaleString("en", { minimumFractionDigits: least, maximumFractionDigits: this.decimals });
    return `${text.replace(/^-(?=[0.,]*$)/, "").replace("-", "−")}${this.unit ? ` ${this.unit}` : ""}`;
  }

  say(pixel) {
    const value = this.values[pixel];
    const place = this.labels?.[pixel] ?? `Row ${Math.floor(pixel / SIDE)}, column ${pixel % SIDE}`;
    return `${place}: ${Number.isNaN(value) ? this.blank : this.write(value)}`;
  }

  // The pixel under the pointer, else the chosen one.
  read(pixel = this.selected) {
    this.reading.textContent = pixel == null ? this.idle : this.say(pixel);
    this.reading.toggleAttribute("data-unsaved", pixel == null);
  }

  ring() {
    this.board.querySelectorAll(".ring").forEach((ring) => ring.remove());
    const put = (pixel, kind) => place(Object.assign(document.createElement("span"), { className: `ring ${kind}` }), pixel);
    const rings = this.marks.map((pixel) => put(pixel, "mark"));
    if (this.selected != null) rings.push(put(this.selected, "selected"));
    this.board.append(...rings);
    this.board.dataset.selected = this.selected ?? "";
  }

  choose(pixel, wait = 0) {
    this.selected = pixel;
    this.ring();
    this.read();
    clearTimeout(this.pending);
    this.pending = setTimeout(() => this.send(pixel), wait);
  }

  step(key) {
    const from = this.selected ?? 14 * SIDE + 13;
    const column = from % SIDE;
    if ((key === "ArrowLeft" && column === 0) || (key === "ArrowRight" && column === SIDE - 1)) return;
    const to = from + STEPS[key];
    if (to >= 0 && to < SIDE * SIDE) this.choose(to, PAUSE_MS);
  }

  listen(nudge) {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const clip = (share) => Math.min(SIDE - 1, Math.max(0, Math.floor(share * SIDE)));
      return clip((event.clientY - box.top) / box.height) * SIDE + clip((event.clientX - box.left) / box.width);
    };
    this.board.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return;
      place(this.hoverBox, at(event));
      this.read(at(event));
    });
    this.board.addEventListener("pointerleave", () => this.read());
    this.board.addEventListener("click", (event) => this.choose(at(event)));
    this.board.addEventListener("keydown", (event) => {
      if (!(event.key in STEPS) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation(); // Streamlit has shortcuts of its own
      this.step(event.key);
    });
    nudge.addEventListener("click", (event) => {
      const { key } = event.target.closest("button")?.dataset ?? {};
      if (key) this.step(key);
    });
  }
}

function place(element, pixel) {
  element.style.left = `${((pixel % SIDE) / SIDE) * 100}%`;
  element.style.top = `${(Math.floor(pixel / SIDE) / SIDE) * 100}%`;
  return element;
}

const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function mix(colours, share) {
  const at = share * (colours.length - 1);
  const low = Math.min(Math.floor(at), colours.length - 2);
  return colours[low].map((part, i) => Math.round(part + (colours[low + 1][i] - part) * (at - low)));
}

// The page's text is light on a dark page.
function isDark(element) {
  const [red, green, blue] = getComputedStyle(element).color.match(/[\d.]+/g).map(Number);
  return red + green + blue > 384;
}
