// The browser part of matrix.py: one bitmap of 784 x 784 correlations, a lens on it, and a cross on the chosen pair.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const N = 784;
const SIDE = 28;
const [BLANK, UNIT] = [-32768, 32767];
const LENS = 28; // matrix cells across the lens
const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const PAUSE_MS = 300;
const matrices = new WeakMap(); // parentElement -> Matrix

export default function ({ data, parentElement, setTriggerValue }) {
  if (!matrices.has(parentElement)) matrices.set(parentElement, new Matrix(parentElement));
  const matrix = matrices.get(parentElement);
  matrix.send = (pair) => setTriggerValue("pair", pair);
  matrix.update(data);
}

const FRAME = `
  <div class="matrix">
    <div class="top"><span class="y-title">Pixel, by row of the image ↓</span></div>
    <div class="plot">
      <div class="ticks y" aria-hidden="true"></div>
      <div class="board" tabindex="0" role="application" aria-roledescription="matrix of 784 by 784 correlations">
        <canvas class="all" width="${N}" height="${N}" aria-hidden="true"></canvas>
        <i class="line across"></i><i class="line down"></i>
        <div class="lens" aria-hidden="true" data-unsaved><canvas width="${LENS}" height="${LENS}"></canvas><i></i></div>
      </div>
      <div class="ticks x" aria-hidden="true"></div>
    </div>
    <p class="x-title">Pixel, by row of the image →</p>
    <p class="reading" aria-live="polite"></p>
    <div class="scale" aria-hidden="true"><span></span><i></i><span></span></div>
  </div>`;

class Matrix {
  constructor(root) {
    const holder = document.createElement("div");
    holder.innerHTML = FRAME;
    root.appendChild(holder);
    const find = (selector) => holder.querySelector(selector);
    [this.board, this.all, this.lens] = [find(".board"), find(".all"), find(".lens")];
    [this.reading, this.across, this.down] = [find(".reading"), find(".across"), find(".down")];
    this.bar = find(".scale i");
    this.ends = holder.querySelectorAll(".scale span");
    for (const row of [0, 7, 14, 21, 27]) {
      for (const [axis, side] of [[".x", "left"], [".y", "top"]]) {
        const tick = find(axis).appendChild(document.createElement("span"));
        tick.textContent = row;
        tick.style[side] = `${((row + 0.5) / SIDE) * 100}%`;
      }
    }
    this.listen();
    this.menu = new SaveMenu(find(".matrix"));
  }

  update(bytes) {
    const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    Object.assign(this, JSON.parse(new TextDecoder().decode(bytes.subarray(4, start))));
    clearTimeout(this.pending);
    const half = new Int16Array(bytes.slice(start).buffer);
    const fresh = half.length !== this.half?.length || half.some((value, i) => value !== this.half[i]);
    if (fresh) {
      this.half = half;
      this.paint();
    }
    this.board.setAttribute("aria-label", `${this.alt} Arrow keys move the chosen pair.`);
    const end = String(Math.round(this.top * 100) / 100);
    [this.ends[0].textContent, this.ends[1].textContent] = [`−${end}`, end];
    this.menu.update(this.file, this.alt);
    this.cross(this.pair);
    this.read(this.pair);
  }

  value(x, y) {
    const [row, column] = x < y ? [x, y] : [y, x];
    const value = this.half[row * N - (row * (row - 1)) / 2 + column - row];
    return value === BLANK ? NaN : (value / UNIT) * this.top;
  }

  paint() {
    const table = lookup(this.stops);
    this.bar.style.background = `linear-gradient(to right, ${this.stops.join(",")})`;
    this.bitmap = new ImageData(N, N);
    const dots = new Uint32Array(this.bitmap.data.buffer);
    for (let row = 0, i = 0; row < N; row++) {
      for (let column = row; column < N; column++, i++) {
        const value = this.half[i];
        const colour = value === BLANK ? 0 : table[Math.round(((value / UNIT + 1) / 2) * 254)];
        dots[row * N + column] = dots[column * N + row] = colour;
      }
    }
    this.all.getContext("2d").putImageData(this.bitmap, 0, 0);
  }

  read(pair) {
    const words = (pixel) => `row ${Math.floor(pixel / SIDE)}, column ${pixel % SIDE}`;
    this.reading.toggleAttribute("data-unsaved", !pair);
    if (!pair) return void (this.reading.textContent = "Choose a pair of pixels");
    const value = this.value(...pair);
    const text = Number.isNaN(value) ? "no correlation: constant" : value.toFixed(3).replace("-", "−");
    this.reading.textContent = `${words(pair[0])} with ${words(pair[1])}: ${text}`.replace(/^r/, "R");
  }

  cross(pair) {
    this.board.classList.toggle("chosen", Boolean(pair));
    this.board.dataset.pair = pair ?? "";
    if (!pair) return;
    this.down.style.left = `${((pair[0] + 0.5) / N) * 100}%`;
    this.across.style.top = `${((pair[1] + 0.5) / N) * 100}%`;
  }

  look(pair) {
    const ink = this.lens.firstChild.getContext("2d");
    ink.clearRect(0, 0, LENS, LENS);
    ink.drawImage(this.all, LENS / 2 - pair[0], LENS / 2 - pair[1]);
    this.lens.classList.toggle("right", pair[0] < N / 2); // in the half where the pointer is not
    this.read(pair);
  }

  choose(pair, wait = 0) {
    this.pair = pair;
    this.cross(pair);
    this.read(pair);
    clearTimeout(this.pending);
    this.pending = setTimeout(() => this.send(pair), wait);
  }

  listen() {
    const at = (event) => {
      const box = this.all.getBoundingClientRect();
      const clip = (share) => Math.min(N - 1, Math.max(0, Math.floor(share * N)));
      return [clip((event.clientX - box.left) / box.width), clip((event.clientY - box.top) / box.height)];
    };
    this.board.addEventListener("pointermove", (event) => this.look(at(event)));
    this.board.addEventListener("pointerleave", () => this.read(this.pair));
    this.board.addEventListener("click", (event) => this.choose(at(event)));
    this.board.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation(); // Streamlit has shortcuts of its own
      const [x, y] = this.pair ?? [N / 2, N / 2];
      const to = [x + step[0], y + step[1]];
      if (to.every((pixel) => pixel >= 0 && pixel < N)) this.choose(to, PAUSE_MS);
    });
  }
}

// 255 colours, the middle one for 0, as the words of a bitmap: opacity, blue, green, red.
function lookup(stops) {
  const colours = stops.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  return Uint32Array.from({ length: 255 }, (_, level) => {
    const place = (level / 254) * (colours.length - 1);
    const low = Math.min(Math.floor(place), colours.length - 2);
    const [red, green, blue] = colours[low].map((part, i) => Math.round(part + (colours[low + 1][i] - part) * (place - low)));
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}
