// The browser part of image_grid.py: images to look through, click and choose.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const SIDE = 28;
const NARROWEST = { plain: 44, captioned: 62 }; // px; narrower cells make fewer columns
const GAP = 6;
const grids = new WeakMap(); // parentElement -> ImageGrid

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!grids.has(parentElement)) grids.set(parentElement, new ImageGrid(parentElement));
  const grid = grids.get(parentElement);
  grid.open = (position) => setTriggerValue("clicked", { token: grid.token, position });
  grid.tell = (positions) => setStateValue("chosen", { token: grid.token, positions });
  grid.update(data);
}

const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

class ImageGrid {
  constructor(root) {
    this.host = root.appendChild(make("div", "image-grid"));
    this.list = this.host.appendChild(make("div", "cells"));
    this.tip = this.host.appendChild(make("div", "tip"));
    this.tip.setAttribute("aria-hidden", "true");
    this.tip.dataset.unsaved = "";
    this.menu = new SaveMenu(this.host);
    this.list.setAttribute("role", "listbox");
    this.chosen = new Set();
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.host);
  }

  update(bytes) {
    const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
    const isNew = head.token !== this.token;
    Object.assign(this, head);
    if (isNew) this.build(bytes.subarray(start));
    this.menu.update(this.file, this.alt);
    this.mark();
  }

  build(pixels) {
    this.chosen.clear();
    this.hideTip();
    this.list.setAttribute("aria-label", this.alt);
    this.list.setAttribute("aria-multiselectable", this.selectable);
    this.cells = Array.from({ length: this.count }, (_, at) => this.cell(at, pixels));
    this.list.replaceChildren(...(this.rows.length ? this.inRows() : this.cells));
    this.host.classList.toggle("named", this.rows.length > 0);
    this.host.classList.toggle("selectable", this.selectable);
    this.host.dataset.count = this.count;
    this.at = Math.min(this.selected ?? 0, this.count - 1);
    this.cells[this.at]?.setAttribute("tabindex", "0");
    this.fit();
  }

  cell(at, pixels) {
    const cell = make("div", "cell");
    cell.setAttribute("role", "option");
    cell.tabIndex = -1;
    cell.dataset.at = at;
    cell.setAttribute("aria-label", (this.tips[at] ?? this.captions[at] ?? `Image ${at + 1}`).replaceAll("\n", ", "));
    const picture = cell.appendChild(document.createElement("div"));
    picture.className = "picture";
    picture.appendChild(draw(pixels.subarray(at * SIDE * SIDE, (at + 1) * SIDE * SIDE)));
    if (this.captions.length) cell.appendChild(make("div", "caption", this.captions[at]));
    return cell;
  }

  inRows() {
    let next = 0;
    return this.rows.flatMap(([name, count]) => {
      const cells = this.cells.slice(next, (next += count));
      if (cells[0]) cells[0].style.gridColumnStart = 2;
      return [make("div", "name", name), ...cells];
    });
  }

  fit() {
    const least = NARROWEST[this.captions?.length ? "captioned" : "plain"];
    const room = Math.max(3, Math.floor((this.host.clientWidth + GAP) / (least + GAP)));
    const most = Math.min(this.columns, room);
    const lines = Math.max(1, Math.ceil(this.count / most));
    const columns = this.rows?.length ? this.columns : Math.max(1, Math.ceil(this.count / lines)); // lines of equal length
    this.list.style.setProperty("--columns", columns);
    this.list.style.setProperty("--size", `${this.size}px`);
    this.menu.box.style.maxWidth = this.rows?.length ? "" : `${columns * (this.size + GAP)}px`; // ends with the images
  }

  mark() {
    this.cells.forEach((cell, at) => {
      cell.setAttribute("aria-selected", this.selectable ? this.chosen.has(at) : at === this.selected);
    });
  }

  choose(at) {
    this.focusOn(at);
    if (!this.selectable) {
      this.selected = at;
      this.mark();
      this.open(at);
      return;
    }
    if (!this.chosen.delete(at)) this.chosen.add(at);
    this.mark();
    this.tell([...this.chosen].sort((a, b) => a - b));
  }

  focusOn(at) {
    this.cells[this.at]?.setAttribute("tabindex", "-1");
    this.at = at;
    this.cells[at].setAttribute("tabindex", "0");
    this.cells[at].focus({ preventScroll: false });
  }

  // The cell in the next line up or down that lies nearest; lines may differ in length.
  beside(step) {
    const here = this.cells[this.at].getBoundingClientRect();
    let [best, least] = [this.at, Infinity];
    this.cells.forEach((cell, at) => {
      const there = cell.getBoundingClientRect();
      const down = (there.top - here.top) * step;
      const cost = down * 100 + Math.abs(there.left - here.left);
      if (down > 2 && cost < least) [best, least] = [at, cost];
    });
    return best;
  }

  listen() {
    const at = (event) => {
      const cell = event.target.closest?.(".cell");
      return cell ? Number(cell.dataset.at) : null;
    };
    this.list.addEventListener("click", (event) => at(event) !== null && this.choose(at(event)));
    this.list.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch" && at(event) !== null) this.showTip(at(event));
      else this.hideTip();
    });
    this.list.addEventListener("pointerleave", () => this.hideTip());
    this.list.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.count) return;
    const last = this.count - 1;
    const moves = {
      ArrowLeft: () => Math.max(0, this.at - 1), ArrowRight: () => Math.min(last, this.at + 1),
      ArrowUp: () => this.beside(-1), ArrowDown: () => this.beside(1), Home: () => 0, End: () => last,
    };
    if (event.key === "Enter" || event.key === " ") this.choose(this.at);
    else if (moves[event.key]) this.focusOn(moves[event.key]());
    else return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
  }

  showTip(at) {
    const text = this.tips[at] ?? this.captions[at];
    if (!text) return;
    this.tip.textContent = text;
    this.tip.classList.add("shown");
    const [cell, host] = [this.cells[at].getBoundingClientRect(), this.host.getBoundingClientRect()];
    const left = cell.left - host.left + cell.width / 2 - this.tip.offsetWidth / 2;
    this.tip.style.left = `${Math.max(0, Math.min(left, host.width - this.tip.offsetWidth))}px`;
    const above = cell.top - host.top - this.tip.offsetHeight - 6;
    this.tip.style.top = `${above >= 0 ? above : cell.bottom - host.top + 6}px`;
  }

  hideTip() {
    this.tip.classList.remove("shown");
  }
}

// Every pixel becomes a square of whole dots here, so the browser's own scaling leaves no uneven edges. What stays on
// the page are images: each canvas would be a layer of its own, which the browser puts together anew at every scroll.
const ZOOM = 4;
const [small, large] = [1, ZOOM].map((zoom) =>
  Object.assign(document.createElement("canvas"), { width: SIDE * zoom, height: SIDE * zoom }));

function draw(grey) {
  const ink = small.getContext("2d", { willReadFrequently: true });
  const image = ink.createImageData(SIDE, SIDE);
  grey.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  ink.putImageData(image, 0, 0);
  const squares = large.getContext("2d", { willReadFrequently: true });
  squares.imageSmoothingEnabled = false;
  squares.drawImage(small, 0, 0, large.width, large.height);
  // The cell has the words.
  return Object.assign(document.createElement("img"), { src: large.toDataURL(), alt: "", draggable: false });
}
