// The browser part of verdict.py: bars that slide to their place and the pixels that the model sees.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const best = (row) => row.indexOf(Math.max(...row));

const latest = new WeakMap(); // root -> the newest answer that the board was given past the page
const ears = new WeakMap(); // root -> what hears of those

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".verdict");
  const live = latest.get(root);
  show(root, live && live.ask === data.ask && live.stamp > data.stamp ? live : data);
  document.removeEventListener("fmnist-lab:answer", ears.get(root));
  ears.set(root, ({ detail }) => { latest.set(root, detail); show(root, detail); });
  if (data.ask) document.addEventListener("fmnist-lab:answer", ears.get(root));
  return () => document.removeEventListener("fmnist-lab:answer", ears.get(root));
}

function show(root, data) {
  const { classes, probabilities, second, before, hint, truth, stamp, compact } = data;
  const order = classes.map((_, label) => label);
  if (probabilities) order.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  root.classList.toggle("blank", !probabilities);
  root.classList.toggle("compact", compact);
  root.classList.toggle("two", Boolean(second));
  root.classList.toggle("none", Boolean(data.refusal));
  showAnswer(root.querySelector(".answer"), data, order[0]);
  showBars(root.querySelector(".bars"), data, order);
  root.querySelector(".marked").textContent = probabilities && before ? "The lines show it with the usual steps." : "";
  showSeen(root.querySelector(".seen"), data);
  if (compact) return;
  root.dataset.stamp = stamp;
  const named = probabilities ? `${classes[order[0]].name} ${percent(probabilities[order[0]])}` : "";
  const words = data.refusal ? `None of these; nearest: ${named}` : named;
  document.dispatchEvent(new CustomEvent("fmnist-lab:verdict", { detail: { stamp, words } })); // canvas.js listens
}

function showAnswer(element, { classes, probabilities, title, second, hint, truth, refusal }, first) {
  element.replaceChildren();
  if (!probabilities) return add(element, "span", hint);
  const models = second ? [{ title, probabilities, refusal }, second] : [{ probabilities, refusal }];
  for (const [at, model] of models.entries()) {
    const label = at ? best(model.probabilities) : first;
    const line = add(element, "div", "", "line");
    add(line, "strong", model.refusal ? "None of these" : classes[label].name);
    const share = percent(model.probabilities[label]);
    if (!model.refusal) add(line, "b", share);
    if (model.title) add(line, "span", model.title, at ? "title other" : "title");
    if (model.refusal) showRefusal(line, model.refusal, classes[label].name, share, truth);
    else if (truth != null) add(line, "span", truth === classes[label].name ? "Right." : `Wrong: its label is ${truth}.`, "truth");
  }
}

function showRefusal(line, refusal, name, share, truth) {
  const words = add(line, "span", `${refusal} Among these: ${name} `, "refusal");
  add(words, "b", share);
  words.append(truth == null ? "." : truth === name ? ", its label." : `; its label is ${truth}.`);
}

function showBars(bars, { classes, probabilities, second, before, truth }, order) {
  const names = JSON.stringify(classes);
  if (bars.dataset.names !== names) {
    bars.replaceChildren(...classes.map(makeBar));
    bars.dataset.names = names;
    bars.style.setProperty("--rows", classes.length);
  }
  order.forEach((label, rank) => {
    const bar = bars.children[label];
    const values = [probabilities?.[label] ?? 0, second?.probabilities?.[label] ?? 0];
    bar.style.transform = `translateY(${100 * rank}%)`;
    bar.classList.toggle("first", Boolean(probabilities) && rank === 0);
    bar.classList.toggle("truth", classes[label].name === truth);
    bar.querySelectorAll("i").forEach((one, at) => { one.style.transform = `scaleX(${values[at]})`; });
    bar.querySelectorAll(".percent span").forEach((one, at) => { one.textContent = percent(values[at]); });
    const mark = bar.querySelector("u");
    mark.hidden = !before;
    if (before) mark.style.left = `${100 * before[label]}%`;
  });
  const say = (row) => order.map((label) => `${classes[label].name} ${percent(row?.[label] ?? 0)}`).join(", ");
  const also = second ? `. ${second.title}: ${say(second.probabilities)}` : "";
  bars.setAttribute("aria-label", probabilities ? `Probabilities: ${say(probabilities)}${also}` : "No prediction yet");
}

function makeBar({ name, colour }) {
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.style.setProperty("--colour", colour);
  bar.innerHTML = '<span class="name"></span><span class="tracks"><span class="track"><i></i></span>'
    + '<span class="track other"><i></i></span><u></u></span><span class="percent"><span></span><span></span></span>';
  bar.querySelector(".name").textContent = bar.querySelector(".name").title = name;
  return bar;
}

function showSeen(figure, { pixels, side, second, caption }) {
  const sights = [{ pixels, side }, second].filter(Boolean);
  const views = figure.querySelectorAll("canvas");
  views.forEach((canvas, at) => {
    canvas.hidden = !sights[at] || (at > 0 && sights[at].side === side); // of one size they see the same
    if (!canvas.hidden) showPixels(canvas, sights[at]);
  });
  const sizes = [...new Set(sights.map((sight) => `${sight.side} × ${sight.side}`))].join(" and ");
  figure.querySelector("figcaption strong").textContent = second ? "What the models see" : "What the model sees";
  figure.querySelector(".size").textContent = `${sizes} pixels, 0 to 255`;
  figure.querySelector(".how").textContent = caption;
}

function showPixels(canvas, { pixels, side }) {
  canvas.width = canvas.height = side;
  if (pixels) drawGrey(canvas, atob(pixels), side);
  canvas.setAttribute("aria-label", pixels ? `The item as the model sees it, ${side}x${side} pixels` : "Nothing yet");
}
