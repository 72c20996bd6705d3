// The browser part of time_machine.py, which puts time_machine_map.js in front of this file.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const SLOTS = 12; // answers on show
const machines = new WeakMap(); // parentElement -> TimeMachine

export default function ({ data, parentElement, setStateValue }) {
  if (!machines.has(parentElement)) machines.set(parentElement, new TimeMachine(parentElement));
  const machine = machines.get(parentElement);
  machine.tell = (epoch) => setStateValue("epoch", { identity: machine.identity, epoch });
  machine.tellLook = () => {
    const { identity, cell, by } = machine;
    setStateValue("look", { identity, cell: cell && `${cell.true}-${cell.said}`, byRight: by === "right" });
  };
  machine.update(data);
}

const FRAME = `
  <div class="time">
    <div class="controls">
      <button type="button" class="play" data-unsaved>Play</button>
      <div class="track">
        <canvas class="spark" aria-hidden="true"></canvas>
        <input type="range" min="0" step="1" aria-label="Epoch" data-unsaved>
      </div>
      <div class="key"><span><i class="dashed"></i>validation accuracy</span><span><i></i>test accuracy: to look at, not to choose by</span><span class="chosen-by"></span><span class="scale"></span></div>
      <p class="reading" aria-live="polite"></p>
    </div>
    <div class="views">
      <section><h4>What it mistakes for what</h4><p class="note">Rows are the true class. Good is a full diagonal; red is a mistake. Click a cell for its images.</p><div class="matrix"></div></section>
      <section><h4>How sure it is of which class</h4><p class="note">A dot is a test image, placed by its probabilities alone: at a name it is sure of that class, between two it hesitates. Good is every dot at the name of its colour; bad is a dot at another name.</p>
        <div class="pair" role="group" aria-label="Colour of the dots" data-unsaved><button type="button" data-by="class">True class</button><button type="button" data-by="right">Right or wrong</button></div>
        <div class="board"><canvas role="img"></canvas><div class="tip" aria-hidden="true" data-unsaved><canvas width="28" height="28"></canvas><span></span></div></div></section>
    </div>
    <div class="line"><h4 class="title"></h4><button type="button" class="all" data-unsaved>Show all mistakes</button></div>
    <div class="answers"></div>
  </div>`;

class TimeMachine {
  constructor(root) {
    const holder = root.appendChild(document.createElement("div"));
    holder.innerHTML = FRAME;
    const find = (selector) => holder.querySelector(selector);
    this.host = find(".time");
    [this.play, this.slider, this.spark] = [".play", "input", ".spark"].map(find);
    [this.matrix, this.reading, this.title, this.answers] = [".matrix", ".reading", ".title", ".answers"].map(find);
    this.map = new AnswerMap(this, find(".board"));
    this.menu = new SaveMenu(this.host, (canvas) => (canvas === this.map.canvas ? this.map.shapes() : null));
    this.by = "class";
    this.listen();
    new ResizeObserver(() => { this.map.fit(); this.curves(); }).observe(this.host);
  }

  async update(bytes) {
    const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
    if (head.identity === this.identity) return this.show(); // the theme may have changed
    if (head.identity === this.coming) return;
    this.coming = head.identity;
    const middle = start + head.picturesBytes;
    const [pixels, numbers] = await Promise.all([unzip(bytes.slice(start, middle)), unzip(bytes.slice(middle))]);
    if (head.identity !== this.coming) return; // another was asked for meanwhile
    Object.assign(this, head, { pixels, labels: numbers.subarray(0, head.count) });
    this.frames = framesOf(numbers, head);
    const [true_, said] = (head.cell ?? []).map(String);
    this.cell = said === undefined ? null : { true: true_, said };
    [this.at, this.by] = [head.start, head.byRight ? "right" : "class"];
    this.slider.max = head.epochs.length - 1;
    this.build();
    this.map.load();
    this.go(this.at);
    this.host.dataset.ready = head.epochs.length;
  }

  build() {
    const { names } = this;
    this.matrix.style.setProperty("--classes", names.length);
    const make = (tag, className, html = "") => Object.assign(document.createElement(tag), { className, innerHTML: html });
    const text = (className, words) => Object.assign(make("div", className), { textContent: words });
    this.cells = names.map((_, true_) => names.map((_, said) => {
      const cell = make("button", "cell");
      [cell.type, cell.tabIndex] = ["button", true_ + said ? -1 : 0];
      Object.assign(cell.dataset, { true: true_, said });
      return cell;
    }));
    const rows = this.cells.flatMap((row, at) => [text("row", names[at]), ...row]);
    const feet = names.map((name) => { const foot = make("div", "column", "<span></span>"); foot.firstChild.textContent = name; return foot; });
    this.matrix.replaceChildren(...rows, make("div", ""), ...feet, text("x-title", "Predicted class"));
    this.slots = Array.from({ length: SLOTS }, () => make("div", "answer", '<canvas width="28" height="28"></canvas><span></span>'));
    this.answers.replaceChildren(...this.slots);
    this.host.querySelector(".dashed").style.borderColor = this.inks.validation;
    this.host.querySelector(".key i:not(.dashed)").style.borderColor = this.inks.test;
    this.host.querySelector(".chosen-by").textContent = this.best === null ? "" : `| epoch ${this.epochs[this.best]}, chosen by validation`;
    this.host.querySelector(".scale").textContent = scaleWords(this);
    this.play.hidden = this.slider.hidden = this.epochs.length < 2;
  }

  listen() {
    this.slider.addEventListener("input", () => { this.pause(); this.go(Number(this.slider.value)); });
    this.slider.addEventListener("change", () => this.tell(this.epochs[this.at]));
    this.play.onclick = () => (this.timer ? this.pause(true) : this.run());
    this.matrix.addEventListener("click", ({ target }) => target.matches(".cell") && this.choose(target.dataset));
    this.matrix.addEventListener("keydown", (event) => this.step(event));
    this.host.querySelector(".all").onclick = () => this.choose(null);
    this.host.querySelector(".pair").onclick = ({ target }) => { if (target.dataset.by) { this.by = target.dataset.by; this.map.recolour(); this.show(); this.tellLook(); } };
  }

  // From cell to cell with the arrow keys; only one of them is in the order of tabs.
  step(event) {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [];
    if (down === undefined || !event.target.matches(".cell")) return;
    const { true: row, said } = event.target.dataset;
    const next = this.cells[Number(row) + down]?.[Number(said) + right];
    if (next) { [event.target.tabIndex, next.tabIndex] = [-1, 0]; next.focus(); }
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
  }

  run() {
    if (this.at === this.epochs.length - 1) this.go(0);
    const pause_ms = Math.min(900, Math.max(150, 12_000 / this.epochs.length));
    this.play.textContent = "Pause";
    this.reading.setAttribute("aria-live", "off"); // not a word for every epoch
    this.timer = setInterval(() => {
      if (!this.host.isConnected) return this.pause(); // the page was left
      this.go(this.at + 1);
      if (this.at >= this.epochs.length - 1) this.pause(true);
    }, pause_ms);
  }

  pause(told = false) {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "Play";
    this.reading.setAttribute("aria-live", "polite");
    if (told) this.tell(this.epochs[this.at]);
  }

  choose(cell) {
    const same = cell && this.cell && cell.true === this.cell.true && cell.said === this.cell.said;
    this.cell = !cell || same ? null : { true: cell.true, said: cell.said };
    this.show();
    this.tellLook();
  }

  go(at) {
    this.at = Math.min(at, this.epochs.length - 1);
    this.slider.value = this.at;
    this.slider.setAttribute("aria-valuetext", `Epoch ${this.epochs[this.at]}: ${percent(this.accuracy[this.at])} of the test images right`);
    this.map.moveTo(this.frames[this.at]);
    this.show();
  }

  show() {
    if (!this.frames) return;
    const frame = this.frames[this.at];
    const [epoch, accuracy, validation] = [this.epochs[this.at], this.accuracy[this.at], this.validation[this.at]];
    const wrong = this.count - Math.round(accuracy * this.count);
    const judged = validation === null ? "" : `, validation ${percent(validation)}`;
    this.reading.innerHTML = `<b>After epoch ${epoch}</b>: ${percent(accuracy)} of the test images right, ${wrong.toLocaleString("en")} wrong${judged}`;
    Object.assign(this.host.dataset, { epoch, wrong, draws: Number(this.host.dataset.draws ?? 0) + 1 });
    this.host.classList.toggle("chosen", this.cell !== null);
    this.fill(frame);
    this.list(frame);
    for (const button of this.host.querySelectorAll("[data-by]")) button.setAttribute("aria-pressed", button.dataset.by === this.by);
    this.curves();
    this.map.draw();
    this.menu.update(this.file, this.reading.textContent);
  }

  fill({ predicted }) {
    const k = this.names.length;
    const counts = new Uint32Array(k * k);
    predicted.forEach((said, row) => { counts[this.labels[row] * k + said] += 1; });
    const most = [false, true].map((hit) => Math.max(1, ...counts.filter((_, i) => (Math.floor(i / k) === i % k) === hit)));
    counts.forEach((count, i) => {
      const [row, said] = [Math.floor(i / k), i % k];
      const [cell, hit] = [this.cells[row][said], row === said];
      const share = count / most[Number(hit)];
      // The scales of the Result page: hits pale, mistakes red, however few they are.
      cell.style.background = hit ? `rgba(138, 143, 152, ${0.05 + 0.23 * share})` : count ? `rgba(214, 80, 56, ${0.06 + 0.72 * share})` : "rgba(138, 143, 152, 0.06)";
      if (cell.textContent !== (count ? String(count) : "")) cell.textContent = count || "";
      cell.setAttribute("aria-label", `${this.names[row]}, said to be ${this.names[said]}: ${count} images`);
      cell.setAttribute("aria-pressed", this.cell !== null && this.isCell(row, said));
    });
  }

  isCell = (row, said) => Number(this.cell.true) === row && Number(this.cell.said) === said;

  // Which images the answers below and the dots in full colour are: those of the chosen cell, else the mistakes.
  listed({ predicted, confidence }) {
    const rows = [];
    for (let row = 0; row < this.count; row++) {
      if (this.cell ? this.isCell(this.labels[row], predicted[row]) : predicted[row] !== this.labels[row]) rows.push(row);
    }
    return rows.sort((a, b) => confidence[b] - confidence[a] || a - b);
  }

  list(frame) {
    const rows = this.listed(frame);
    const { cell, names } = this;
    const what = !cell ? "mistakes" : cell.true === cell.said ? `${names[cell.true]}, recognised` : `${names[cell.true]} taken for ${names[cell.said]}`;
    const few = Math.min(SLOTS, rows.length);
    this.title.textContent = cell ? `${what}: the surest ${few} of ${rows.length.toLocaleString("en")}` : `The surest ${few} of ${rows.length.toLocaleString("en")} mistakes`;
    this.slots.forEach((slot, at) => {
      const row = rows[at];
      slot.classList.toggle("empty", row === undefined);
      if (row === undefined) return;
      if (slot.dataset.row !== String(row)) paint(slot.firstChild, this.pixels, row);
      slot.dataset.row = row;
      const words = this.words(row, frame).join("\n");
      if (slot.lastChild.textContent !== words) slot.lastChild.textContent = words;
      slot.title = `Test image ${row}`;
    });
  }

  words(row, { predicted, confidence }) {
    const [true_, said] = [this.labels[row], predicted[row]];
    const sure = confidence[row] >= 254 ? "> 99%" : `${Math.round((100 * confidence[row]) / 255)}%`;
    return [this.names[true_], true_ === said ? "recognised" : `→ ${this.names[said]}`, sure];
  }

  // Validation dashed, test solid, the present epoch and the one that validation chose as lines.
  curves() {
    if (!this.frames || !this.spark.clientWidth) return;
    drawCurves(this.spark, this, getComputedStyle(this.host).color);
  }
}
