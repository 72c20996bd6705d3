// The browser part of beat_game.py. Streamlit calls the default export again on each change of data or theme, with
// the same parentElement; a game under way must not notice.

const SIDE = 28;
const ZOOM = 12; // every pixel becomes a square of whole dots, so that scaling leaves no uneven edges
const games = new WeakMap(); // parentElement -> Game

export default function ({ data, parentElement, setTriggerValue }) {
  if (!games.has(parentElement)) games.set(parentElement, new Game(parentElement));
  const game = games.get(parentElement);
  game.tell = (answer) => setTriggerValue("done", answer);
  game.update(data);
  return () => game.sleep();
}

const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

class Game {
  constructor(root) {
    this.host = root.appendChild(make("div", "beat"));
    this.onKey = (event) => this.key(event);
  }

  sleep() {
    document.removeEventListener("keydown", this.onKey);
    clearInterval(this.ticking);
  }

  update(data) {
    document.removeEventListener("keydown", this.onKey);
    document.addEventListener("keydown", this.onKey);
    clearInterval(this.ticking);
    if (data.token === this.token) return this.started && !this.over && this.run();
    Object.assign(this, data, { answers: [], times: [], started: 0, over: false });
    this.bytes = Uint8Array.from(atob(data.pixels), (letter) => letter.charCodeAt(0));
    this.build();
  }

  build() {
    this.status = make("div", "status");
    this.number = this.status.appendChild(make("span", "number", `${this.count} images`));
    this.number.setAttribute("aria-live", "polite");
    this.clock = this.status.appendChild(make("span", "clock", "0.0 s"));
    this.bar = make("div", "bar");
    this.fill = this.bar.appendChild(document.createElement("i"));
    this.canvas = Object.assign(make("canvas", "image"), { width: SIDE * ZOOM, height: SIDE * ZOOM });
    this.canvas.setAttribute("role", "img");
    this.start = make("button", "start", "Start");
    this.start.addEventListener("click", () => this.begin());
    this.frame = make("div", "frame");
    this.frame.append(this.canvas, this.start);
    this.buttons = this.classes.map((one, label) => this.button(one, label));
    const choices = make("div", "choices");
    choices.append(...this.buttons);
    this.back = make("button", "back", "Back one image");
    this.back.addEventListener("click", () => this.undo());
    const side = make("div", "side");
    side.append(choices, this.back);
    const table = make("div", "table");
    table.append(this.frame, side);
    this.host.replaceChildren(this.status, this.bar, table);
    this.show();
  }

  button({ name, colour }, label) {
    const button = make("button", "choice");
    button.style.setProperty("--colour", colour);
    button.append(make("kbd", "", label < 10 ? String(label) : ""), make("span", "name", name));
    button.addEventListener("click", () => this.answer(label));
    return button;
  }

  begin() {
    if (this.started) return;
    this.started = this.shownAt = performance.now();
    this.run();
    this.show();
    this.host.scrollIntoView({ block: "start", behavior: "instant" });
  }

  run() {
    this.ticking = setInterval(() => this.tick(), 100);
  }

  answer(label) {
    if (!this.started || this.over) return;
    const now = performance.now();
    const at = this.answers.length;
    this.answers.push(label);
    this.times[at] = (this.times[at] ?? 0) + now - this.shownAt; // an image seen twice took the time of both
    this.shownAt = now;
    if (this.answers.length === this.count) return this.finish();
    this.show();
  }

  undo() {
    if (!this.started || this.over || !this.answers.length) return;
    const now = performance.now();
    const at = this.answers.length;
    this.times[at] = (this.times[at] ?? 0) + now - this.shownAt;
    this.shownAt = now;
    this.answers.pop();
    this.show();
  }

  finish() {
    this.over = true;
    clearInterval(this.ticking);
    this.show();
    this.tell({ token: this.token, answers: this.answers, times_ms: this.times.map((ms) => Math.round(ms)) });
  }

  show() {
    const playing = this.started > 0 && !this.over;
    const at = Math.min(this.answers.length, this.count - 1);
    this.host.dataset.at = this.answers.length;
    this.host.dataset.state = this.over ? "over" : playing ? "playing" : "ready";
    this.start.hidden = this.started > 0;
    this.back.disabled = !playing || !this.answers.length;
    this.buttons.forEach((button) => (button.disabled = !playing));
    if (this.started) this.number.textContent = this.over ? "Done" : `Image ${at + 1} of ${this.count}`;
    this.fill.style.width = `${(100 * this.answers.length) / this.count}%`;
    this.canvas.setAttribute("aria-label", playing ? `Image ${at + 1}: what is it?` : "Hidden until you start");
    this.draw(playing ? this.bytes.subarray(at * SIDE * SIDE, (at + 1) * SIDE * SIDE) : null);
    this.tick();
  }

  draw(grey) {
    const ink = this.canvas.getContext("2d");
    ink.fillStyle = "#000";
    ink.fillRect(0, 0, this.canvas.width, this.canvas.height);
    grey?.forEach((value, i) => {
      ink.fillStyle = `rgb(${value},${value},${value})`;
      ink.fillRect((i % SIDE) * ZOOM, Math.floor(i / SIDE) * ZOOM, ZOOM, ZOOM);
    });
  }

  tick() {
    if (!this.host.isConnected) return this.sleep();
    if (!this.started) return;
    const spent = this.over ? this.times.reduce((a, b) => a + b, 0) : performance.now() - this.started;
    this.clock.textContent = `${(spent / 1000).toFixed(1)} s`;
  }

  key(event) {
    if (!this.host.isConnected) return this.sleep();
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const target = event.composedPath()[0];
    if (target.closest?.("input, textarea, select, [contenteditable=true], [role=combobox]")) return;
    if (!this.started || this.over) return;
    if (/^[0-9]$/.test(event.key) && Number(event.key) < this.classes.length) this.answer(Number(event.key));
    else if (event.key === "Backspace") this.undo();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
