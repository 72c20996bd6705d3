// The browser part of canvas.py. The strokes are the state: they travel to Python, which renders them for the model;
// here they are drawn for the eye, by the same rules (see fmnist_core/drawing.py and canvas_ink.js, which stands above).
// Lengths are thousandths of the board's side, so a drawing does not depend on the screen.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const boards = new WeakMap(); // parentElement -> Board
const PER_PX = 1000 / 28; // thousandths per pixel of the item
const STEP = 6; // points nearer than this add nothing
const MAX_POINTS = 50000; // Python refuses more
// Between two messages while drawing, so that the one at the line's end seldom has to queue.
const PAUSE_MS = 200; // where each message makes the page run again
const LIVE_PAUSE_MS = 80; // where it is answered past the page
const REST_MS = 400; // after the last answer past the page, until the page is told, too

export default function ({ data, parentElement, setStateValue }) {
  if (!boards.has(parentElement)) boards.set(parentElement, new Board(parentElement, data));
  const board = boards.get(parentElement);
  board.invite(data);
  board.transmit = (drawing) => setStateValue("drawing", drawing);
  board.hear();
  board.askAt(data.ask);
  return () => board.hear(false);
}

class Board {
  constructor(root, { drawing, brush_px }) {
    this.root = root;
    this.desk = root.querySelector(".desk");
    this.canvas = root.querySelector("canvas");
    this.tip = root.querySelector(".tip");
    this.note = root.querySelector(".note");
    this.slider = root.querySelector("input");
    this.shelf = root.querySelector(".templates");
    this.ink = this.canvas.getContext("2d");
    this.strokes = drawing?.strokes ?? []; // what Python kept while this page was left
    this.fill = drawing?.fill ?? true;
    this.stamp = this.seen = this.told = drawing?.stamp ?? 0; // drawn last, answered last, known to the page
    [this.past, this.future] = [[], []];
    this.tool = "brush";
    this.slider.value = brush_px;
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    this.show();
  }

  // The verdict on a drawing says so on the document (see verdict.js). Python need not answer the board itself, and
  // so Streamlit does not send the board's code again with each answer.
  hear(on = true) {
    this.onVerdict ??= ({ detail }) => this.answered(detail);
    this.onClick ??= ({ target }) => target !== this.root.host && this.tell(); // what is clicked shall find it told
    for (const [kind, ear] of [["fmnist-lab:verdict", this.onVerdict], ["pointerdown", this.onClick]]) {
      document.removeEventListener(kind, ear, true);
      if (on) document.addEventListener(kind, ear, true);
    }
    if (!on) clearTimeout(this.resting);
  }

  answered({ stamp, words }) {
    this.seen = Math.max(this.seen, stamp);
    this.note.textContent = words;
    if (!this.waiting) return;
    clearTimeout(this.waiting); // something was drawn since: Python is ready for it now
    this.waiting = null;
    this.sendSoon();
  }

  // ---- what can be done ----------------------------------------------------------------------------------------

  commit(strokes) {
    this.past.push(this.strokes);
    this.future = [];
    this.replace(strokes);
  }

  replace(strokes) {
    this.strokes = strokes;
    this.show();
    this.send();
  }

  undo() {
    if (!this.past.length) return;
    this.future.push(this.strokes);
    this.replace(this.past.pop());
  }

  redo() {
    if (!this.future.length) return;
    this.past.push(this.strokes);
    this.replace(this.future.pop());
  }

  clear() {
    if (this.strokes.length) this.commit([]);
  }

  mirror() {
    if (this.strokes.length) this.commit(mirrored(this.strokes));
  }

  // What stands on the empty board, and outlines to begin with; a click puts one on the board, and can be undone.
  invite({ invite, templates }) {
    this.root.querySelector(".invite").textContent = invite;
    const names = JSON.stringify(templates);
    if (this.offered === names) return;
    [this.offered, this.templates] = [names, templates];
    this.desk.querySelector("[data-act=shelve]").hidden = !templates.length;
    if (!templates.length) this.shelf.hidden = true;
    this.shelf.replaceChildren(...templates.map(({ name, strokes }, at) => {
      const button = Object.assign(document.createElement("button"), { type: "button", title: name });
      button.dataset.template = at;
      button.append(thumbnail(strokes), Object.assign(document.createElement("span"), { textContent: name }));
      return button;
    }));
  }

  shelve() {
    this.shelf.hidden = !this.shelf.hidden;
    this.show();
  }

  pick(tool) {
    this.tool = tool;
    this.show();
  }

  resize(steps) {
    this.slider.value = Number(this.slider.value) + steps * Number(this.slider.step);
    this.show();
  }

  // ---- messages to Python --------------------------------------------------------------------------------------

  send() {
    clearTimeout(this.waiting);
    this.waiting = null;
    this.sentAt = performance.now();
    this.canvas.dataset.stamp = ++this.stamp; // the verdict on this message bears the same number
    if (this.ask) this.question(this.drawing());
    else this.tell();
  }

  drawing() {
    return { strokes: this.live ? [...this.strokes, this.live] : this.strokes, fill: this.fill, stamp: this.stamp };
  }

  // Another address, or none, comes with other models, steps or switches: they have not seen what was drawn just now.
  askAt(ask) {
    if (this.ask === ask) return;
    this.ask = ask;
    if (this.told < this.stamp) this.send();
  }

  // The answer comes past the page, in a fraction of the time; the page is told of the drawing when it rests.
  async question(drawing) {
    const { ask } = this;
    clearTimeout(this.resting);
    try {
      const reply = await fetch(ask, { method: "POST", body: JSON.stringify(drawing) });
      if (!reply.ok) throw new Error(`${reply.status}`);
      const answer = await reply.json();
      if (answer.stamp < this.seen || ask !== this.ask) return;
      document.dispatchEvent(new CustomEvent("fmnist-lab:answer", { detail: { ...answer, ask } }));
      this.resting = setTimeout(() => this.tell(), REST_MS);
    } catch { // the server is another one, or does not know this: the page answers
      if (ask === this.ask) this.ask = null;
      this.tell();
    }
  }

  tell() {
    clearTimeout(this.resting);
    if (this.told >= this.stamp) return;
    this.told = this.stamp;
    this.transmit(this.drawing());
  }

  // While a line is drawn, a new message waits until Python has answered the last one: a slow machine is not flooded.
  sendSoon() {
    if (this.waiting) return;
    const pause = this.ask ? LIVE_PAUSE_MS : PAUSE_MS;
    const rest = this.seen < this.stamp ? 1000 : pause - (performance.now() - (this.sentAt ?? 0));
    this.waiting = setTimeout(() => this.send(), Math.max(0, rest));
  }

  // ---- input ---------------------------------------------------------------------------------------------------

  listen() {
    const on = (target, kinds, act) => kinds.split(" ").forEach((kind) => target.addEventListener(kind, act));
    on(this.canvas, "pointerdown", (event) => this.down(event));
    on(this.canvas, "pointermove", (event) => this.move(event));
    on(this.canvas, "pointerup pointercancel lostpointercapture", (event) => this.up(event));
    on(this.canvas, "contextmenu", (event) => event.preventDefault());
    on(this.slider, "input", () => this.show());
    on(this.desk, "keydown", (event) => this.key(event));
    on(this.desk, "keyup", () => this.desk.classList.add("keys")); // a ring shows the focus to those who use keys
    on(this.desk, "pointerdown", () => this.desk.classList.remove("keys"));
    on(this.desk, "click", (event) => {
      const { tool, toggle, act, template } = event.target.closest("button")?.dataset ?? {};
      if (tool) this.pick(tool);
      if (act) this[act]();
      if (template) this.commit(structuredClone(this.templates[template].strokes));
      if (toggle) { this.fill = !this.fill; this.replace(this.strokes); }
    });
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((x) => Math.round(x * 1000));
  }

  down(event) {
    if (this.live || !event.isPrimary || (event.button !== 0 && event.button !== 5)) return;
    event.preventDefault(); // no selection, no scrolling; so focus must be set by hand
    this.desk.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const erase = this.tool === "eraser" || event.button === 5; // 5: the other end of a pen
    this.live = { points: this.at(event), width: Math.round(this.slider.value * PER_PX), erase };
    if (event.pointerType === "pen" && event.pressure) this.live.pressure = [pressed(event)];
    this.pointer = event.pointerId;
    clearTimeout(this.resting);
    this.show();
    this.sendSoon();
  }

  move(event) {
    this.tip.style.transform = `translate(${event.offsetX}px, ${event.offsetY}px) translate(-50%, -50%)`;
    if (!this.live || event.pointerId !== this.pointer) return;
    const path = this.live.points;
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) {
      const [x, y] = this.at(step);
      if (Math.hypot(x - path.at(-2), y - path.at(-1)) < STEP) continue;
      path.push(x, y);
      this.live.pressure?.push(pressed(step));
    }
    this.show();
    if (this.count() >= MAX_POINTS) this.up(event);
    else this.sendSoon();
  }

  up(event) {
    if (!this.live || event.pointerId !== this.pointer) return;
    const stroke = this.live;
    this.live = null;
    if (this.fill && !stroke.erase && isOutline(stroke.points)) {
      stroke.points.push(...stroke.points.slice(0, 2));
      stroke.pressure?.push(stroke.pressure[0]);
    }
    if (this.count() + stroke.points.length / 2 <= MAX_POINTS) this.commit([...this.strokes, stroke]);
    else this.replace(this.strokes);
  }

  key(event) {
    const letter = event.key.toLowerCase();
    const acts = event.ctrlKey || event.metaKey
      ? { z: () => (event.shiftKey ? this.redo() : this.undo()), y: () => this.redo() }
      : { b: () => this.pick("brush"), e: () => this.pick("eraser"), m: () => this.mirror(),
          "[": () => this.resize(-1), "]": () => this.resize(1) };
    if (!acts[letter] || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
    acts[letter]();
  }

  count() {
    return [...this.strokes, this.live ?? { points: [] }].reduce((sum, { points }) => sum + points.length / 2, 0);
  }

  // ---- output --------------------------------------------------------------------------------------------------

  show() {
    this.desk.classList.toggle("drawn", this.strokes.length > 0 || Boolean(this.live));
    for (const button of this.desk.querySelectorAll("button")) {
      const { tool, toggle, act } = button.dataset;
      if (tool || toggle) button.setAttribute("aria-pressed", tool ? tool === this.tool : this.fill);
      const needed = { undo: this.past, redo: this.future, clear: this.strokes, mirror: this.strokes }[act];
      if (needed) button.disabled = !needed.length;
      if (act === "shelve") button.setAttribute("aria-expanded", !this.shelf.hidden);
    }
    const tip = (this.slider.value / 28) * this.canvas.clientWidth;
    Object.assign(this.tip.style, { width: `${tip}px`, height: `${tip}px` });
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.paint(); });
  }

  fit() {
    const side = Math.max(1, Math.round(this.canvas.clientWidth * devicePixelRatio));
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    this.show();
  }

  paint() {
    const { ink } = this;
    const side = this.canvas.width;
    const strokes = this.live ? [...this.strokes, this.live] : this.strokes;
    ink.clearRect(0, 0, side, side);
    if (this.fill) ink.drawImage(filling(strokes), 0, 0, side, side);
    trace(ink, strokes, side);
  }
}
