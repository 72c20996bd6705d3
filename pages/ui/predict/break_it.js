// The browser part of break_it.py: every place of every slider is here already, so moving one asks nobody.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const SVG = "http://www.w3.org/2000/svg";

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".break-it");
  root.moved ??= new Map(); // amounts that the user chose, by slider: they stay when the drawing changes
  const keys = data.cards.map((card) => card.key).join();
  if (root.dataset.keys !== keys) {
    root.replaceChildren(...data.cards.map(makeCard));
    root.dataset.keys = keys;
  }
  data.cards.forEach((card, at) => fill(root.children[at], card, data.classes, root.moved));
}

function makeCard() {
  const card = document.createElement("div");
  card.className = "card";
  card.setAttribute("role", "group");
  card.innerHTML = `<div class="head"><canvas width="28" height="28" role="img"></canvas><div class="words">
    <div class="title"><strong></strong><output></output></div><div class="now"><span></span><b></b></div></div></div>
    <div class="plot" role="img"></div><input type="range" min="0" step="1"><div class="ends"><span></span><span></span></div>
    <div class="legend"></div><div class="flipped"></div>`;
  return card;
}

function fill(element, card, classes, moved) {
  const find = (name) => element.querySelector(name);
  const last = card.amounts.length - 1;
  element.setAttribute("aria-label", card.title);
  find("strong").textContent = card.title;
  find(".title").title = card.what;
  find(".ends").children[0].textContent = card.said[0];
  find(".ends").children[1].textContent = card.said[last];
  drawPlot(find(".plot"), card, classes);
  find(".legend").replaceChildren();
  for (const label of card.drawn) {
    add(find(".legend"), "span", classes[label].name).style.setProperty("--colour", classes[label].colour);
  }
  find(".flipped").textContent = flipped(card, classes);
  const slider = find("input");
  slider.max = last;
  slider.value = moved.has(card.key) ? nearest(card.amounts, moved.get(card.key)) : card.start;
  slider.setAttribute("aria-label", card.title);
  slider.oninput = () => {
    moved.set(card.key, card.amounts[slider.value]);
    showPlace(element, card, classes, Number(slider.value));
  };
  showPlace(element, card, classes, Number(slider.value));
}

function nearest(amounts, wanted) {
  let best = 0;
  amounts.forEach((amount, at) => { if (Math.abs(amount - wanted) < Math.abs(amounts[best] - wanted)) best = at; });
  return best;
}

function flipped(card, classes) {
  if (!card.flips.length) return "No flip.";
  const first = card.flips[0];
  const more = card.flips.length - 1;
  return `Flips at ${card.said[first.place]}: ${classes[first.before].name} → ${classes[first.after].name}`
    + (more ? `; ${more} more.` : ".");
}

function drawPlot(plot, card, classes) {
  const { amounts, probabilities } = card;
  const low = amounts[0];
  const span = amounts[amounts.length - 1] - low;
  const x = (amount) => (100 * (amount - low)) / span;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  const shape = (tag, values) => {
    const one = svg.appendChild(document.createElementNS(SVG, tag));
    Object.entries(values).forEach(([name, value]) => one.setAttribute(name, value));
  };
  for (const y of [0, 50, 100]) shape("line", { class: "grid", x1: 0, x2: 100, y1: y, y2: y });
  for (const flip of card.flips) shape("line", { class: "flip", x1: x(flip.at), x2: x(flip.at), y1: 0, y2: 100 });
  for (const label of [...card.drawn].reverse()) {
    const points = amounts.map((amount, at) => `${x(amount)},${100 - 100 * probabilities[at][label]}`).join(" ");
    shape("polyline", { points, stroke: classes[label].colour, "stroke-width": label === card.drawn[0] ? 3 : 1.6 });
  }
  shape("line", { class: "here", y1: 0, y2: 100 });
  plot.replaceChildren(svg);
  for (const [text, top] of [["100%", 0], ["50%", 50], ["0%", 100]]) add(plot, "span", text).style.top = `${top}%`;
  const start = add(plot, "i"); // where nothing is broken
  start.style.left = `${x(amounts[card.neutral])}%`;
  start.style.top = `${100 - 100 * probabilities[card.neutral][card.drawn[0]]}%`;
  plot.setAttribute("aria-label", card.alt);
  plot.here = (place) => {
    const line = svg.querySelector(".here");
    line.setAttribute("x1", x(amounts[place]));
    line.setAttribute("x2", x(amounts[place]));
  };
}

function showPlace(element, card, classes, place) {
  const row = card.probabilities[place];
  const label = row.indexOf(Math.max(...row));
  const words = `${classes[label].name} ${percent(row[label])}`;
  element.querySelector("output").textContent = card.said[place];
  element.querySelector(".now span").textContent = classes[label].name;
  element.querySelector(".now b").textContent = percent(row[label]);
  element.querySelector(".now").classList.toggle("changed", label !== card.drawn[0]);
  element.querySelector("input").setAttribute("aria-valuetext", `${card.said[place]}: ${words}`);
  element.querySelector(".plot").here(place);
  showPixels(element.querySelector("canvas"), card, place, words);
}

function showPixels(canvas, card, place, words) {
  card.bytes ??= atob(card.pixels);
  drawGrey(canvas, card.bytes, 28, 784 * place);
  canvas.setAttribute("aria-label", `The item, ${card.title} ${card.said[place]}: ${words}`);
}
