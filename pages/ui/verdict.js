// The browser part of verdict.py: bars that slide to their place and the pixels that the model sees.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const percent = (value) => `${(100 * value).toFixed(1)}%`;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".verdict");
  const { classes, probabilities, pixels, side, hint, caption, truth, stamp } = data;
  const order = classes.map((_, label) => label);
  if (probabilities) order.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  root.classList.toggle("blank", !probabilities);
  showAnswer(root.querySelector(".answer"), probabilities && [classes[order[0]].name, probabilities[order[0]]], hint, truth);
  showBars(root.querySelector(".bars"), classes, probabilities, order, truth);
  showPixels(root, pixels, side, caption);
  root.dataset.stamp = stamp;
  const words = probabilities ? `${classes[order[0]].name} ${percent(probabilities[order[0]])}` : "";
  document.dispatchEvent(new CustomEvent("fmnist-lab:verdict", { detail: { stamp, words } })); // canvas.js listens
}

function showAnswer(element, best, hint, truth) {
  element.replaceChildren();
  const add = (tag, text) => element.appendChild(Object.assign(document.createElement(tag), { textContent: text }));
  if (!best) return add("span", hint);
  add("strong", best[0]);
  add("b", percent(best[1]));
  if (truth != null) add("span", truth === best[0] ? "Right." : `Wrong: its label is ${truth}.`);
}

function showBars(bars, classes, probabilities, order, truth) {
  const names = JSON.stringify(classes);
  if (bars.dataset.names !== names) {
    bars.replaceChildren(...classes.map(makeBar));
    bars.dataset.names = names;
    bars.style.setProperty("--rows", classes.length);
  }
  order.forEach((label, rank) => {
    const bar = bars.children[label];
    const value = probabilities?.[label] ?? 0;
    bar.style.transform = `translateY(${100 * rank}%)`;
    bar.classList.toggle("first", Boolean(probabilities) && rank === 0);
    bar.classList.toggle("truth", classes[label].name === truth);
    bar.querySelector("i").style.transform = `scaleX(${value})`;
    bar.querySelector(".percent").textContent = percent(value);
  });
  const words = order.map((label) => `${classes[label].name} ${percent(probabilities?.[label] ?? 0)}`);
  bars.setAttribute("aria-label", probabilities ? `Probabilities: ${words.join(", ")}` : "No prediction yet");
}

function makeBar({ name, colour }) {
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.style.setProperty("--colour", colour);
  bar.innerHTML = '<span class="name"></span><span class="track"><i></i></span><span class="percent"></span>';
  bar.querySelector(".name").textContent = bar.querySelector(".name").title = name;
  return bar;
}

function showPixels(root, pixels, side, caption) {
  const canvas = root.querySelector("canvas");
  canvas.width = canvas.height = side;
  if (pixels) {
    const grey = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
    const image = new ImageData(side, side);
    grey.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
    canvas.getContext("2d").putImageData(image, 0, 0);
  }
  canvas.setAttribute("aria-label", pixels ? `The item as the model sees it, ${side}x${side} pixels` : "Nothing yet");
  root.querySelector(".size").textContent = `${side} × ${side} pixels, 0 to 255`;
  root.querySelector(".how").textContent = caption;
}
