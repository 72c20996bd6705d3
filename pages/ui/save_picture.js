// Take a picture with you: what a component of ours shows, as PNG, SVG or HTML, made by the browser.
// save_picture.py puts this file in front of the component's own. What has data-unsaved stays behind: it is for hands.

const EDGE_PX = 12; // around the picture
const PNG_SCALE = 3;
const ICON = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 15.5l-5-5 1.4-1.4 2.6 2.6V4h2v7.7l2.6-2.6 1.4 1.4zM5 20v-4h2v2h10v-2h2v4z"/></svg>';
const HINTS = { png: "An image of dots", svg: "An image of shapes, sharp at any size", html: "A page for any browser; the pointer reads values", csv: "The numbers behind it" };

class SaveMenu {
  // vector(canvas): its content as shapes in the canvas' own place and size on screen, or null for an image of dots.
  // table(): the numbers as CSV, where there are any to save.
  constructor(host, vector = () => null, table = null) {
    Object.assign(this, { host, vector, table });
    const box = host.appendChild(document.createElement("div"));
    [box.className, box.dataset.unsaved] = ["save", ""];
    const button = (format) => `<button type="button" data-format="${format}" title="${HINTS[format]}">${format.toUpperCase()}</button>`;
    const formats = Object.keys(HINTS).filter((format) => format !== "csv" || table);
    box.innerHTML = `<span hidden>${formats.map(button).join("")}</span>`
      + `<button type="button" class="opener" aria-expanded="false">${ICON}Save</button>`;
    this.box = box;
    const [choices, opener] = box.children;
    opener.onclick = () => opener.setAttribute("aria-expanded", !(choices.hidden = !choices.hidden));
    choices.onclick = ({ target }) => target.dataset.format && this.save(target.dataset.format);
  }

  update(file, alt) {
    Object.assign(this, { file, alt });
  }

  async save(format) {
    const picture = () => svgOf(this.host, this.vector, this.alt);
    const make = {
      svg: () => new Blob([picture().svg], { type: "image/svg+xml" }),
      html: () => new Blob([pageOf(picture().svg, this.file, this.alt)], { type: "text/html" }),
      png: () => pngOf(picture()),
      csv: () => new Blob([this.table()], { type: "text/csv" }),
    }[format];
    const link = Object.assign(document.createElement("a"), {
      href: URL.createObjectURL(await make()), download: `${this.file}.${format}`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

const escaped = (text) => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
const rounded = (value) => Number(value.toFixed(2));

// A colour as CSS writes it: what every program reads, and its opacity apart.
function inkOf(css) {
  const numbers = (css.match(/-?[\d.]+(e-\d+)?/g) ?? [0, 0, 0]).map(Number);
  const unit = css.startsWith("color(") ? 255 : 1;
  const hex = numbers.slice(0, 3).map((part) => Math.round(part * unit).toString(16).padStart(2, "0")).join("");
  return { colour: `#${hex}`, opacity: numbers.length > 3 ? rounded(numbers[3]) : 1 };
}

function groundOf(element) {
  for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
    const ink = inkOf(getComputedStyle(at).backgroundColor);
    if (ink.opacity === 1) return ink.colour;
  }
  return "#ffffff";
}

function svgOf(host, vector, alt) {
  const frame = host.getBoundingClientRect();
  const parts = [];
  for (const element of host.querySelectorAll("*")) {
    if (element.closest("[data-unsaved]") || element.parentElement.closest("svg[data-saved]") || !element.checkVisibility({ visibilityProperty: true })) continue;
    parts.push(...drawn(element, vector, frame));
  }
  const bottom = host.querySelector(".save").getBoundingClientRect().top; // it comes last
  const [width, height] = [frame.width, bottom - frame.top].map((side) => Math.ceil(side) + 2 * EDGE_PX);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${-EDGE_PX} ${-EDGE_PX} ${width} ${height}" role="img" aria-label="${escaped(alt)}">`
    + `<rect x="${-EDGE_PX}" y="${-EDGE_PX}" width="${width}" height="${height}" fill="${groundOf(host)}"/>${parts.join("")}</svg>`;
  return { svg, width, height };
}

function* drawn(element, vector, frame) {
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height) return;
  const style = getComputedStyle(element);
  const place = { x: rounded(box.left - frame.left), y: rounded(box.top - frame.top), width: rounded(box.width), height: rounded(box.height) };
  const attributes = Object.entries(place).map(([name, value]) => `${name}="${value}"`).join(" ");
  if (element.matches("canvas, img")) {
    const shapes = element.matches("canvas") && vector(element);
    yield shapes ? `<g transform="translate(${place.x} ${place.y})">${shapes}</g>`
      : `<image ${attributes} preserveAspectRatio="none" style="image-rendering:pixelated" href="${dotsOf(element)}"/>`;
    return;
  }
  if (element.matches("svg[data-saved]")) {
    const copy = element.cloneNode(true);
    for (const [name, value] of Object.entries(place)) copy.setAttribute(name, value);
    yield new XMLSerializer().serializeToString(copy);
    return;
  }
  if (element.matches(".ring")) yield* ringOf(element, place);
  else yield* groundsOf(style, attributes, box);
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) yield* linesOf(node, style, frame);
  }
}

function dotsOf(element) {
  if (!element.matches("canvas")) return element.src;
  const zoom = Math.max(1, Math.floor(512 / element.width)); // small ones stay sharp where a program would smooth
  if (zoom === 1) return element.toDataURL();
  const large = Object.assign(document.createElement("canvas"), { width: element.width * zoom, height: element.height * zoom });
  const ink = large.getContext("2d");
  ink.imageSmoothingEnabled = false;
  ink.drawImage(element, 0, 0, large.width, large.height);
  return large.toDataURL();
}

function* ringOf(element, { x, y, width, height }) {
  const radius = element.matches(".mark") ? width / 2 : 0;
  for (const [colour, away] of [["#ffffff", 0.6], ["#111111", 1.6]]) {
    yield `<rect x="${x - away}" y="${y - away}" width="${width + 2 * away}" height="${height + 2 * away}" rx="${radius && radius + away}" fill="none" stroke="${colour}" stroke-width="1"/>`;
  }
}

function* groundsOf(style, attributes, box) {
  if (style.backgroundImage.startsWith("linear-gradient")) {
    const stops = style.backgroundImage.match(/(rgba?|color)\([^)]+\)/g).map(inkOf);
    const id = `scale-${Math.random().toString(36).slice(2)}`;
    const marks = stops.map(({ colour }, at) => `<stop offset="${at / (stops.length - 1)}" stop-color="${colour}"/>`).join("");
    yield `<linearGradient id="${id}">${marks}</linearGradient><rect ${attributes} fill="url(#${id})"/>`;
  }
  const { colour, opacity } = inkOf(style.backgroundColor);
  if (!opacity) return;
  const round = style.borderRadius.endsWith("%") ? box.width / 2 : parseFloat(style.borderRadius) || 0;
  yield `<rect ${attributes} rx="${round}" fill="${colour}" fill-opacity="${opacity}"/>`;
}

// The words of a text, line by line as they stand on the page.
function* linesOf(node, style, frame) {
  const range = document.createRange();
  const lines = [];
  for (const word of node.data.matchAll(/\S+/g)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const box = range.getBoundingClientRect();
    const last = lines.at(-1);
    if (last && Math.abs(last.box.top - box.top) < 2) last.text += ` ${word[0]}`;
    else if (box.width) lines.push({ text: word[0], box });
  }
  const { colour, opacity } = inkOf(style.color);
  const size = parseFloat(style.fontSize);
  for (const { text, box } of lines) {
    const y = rounded(box.top + box.height / 2 + size * 0.35 - frame.top);
    yield `<text x="${rounded(box.left - frame.left)}" y="${y}" font-family="${escaped(style.fontFamily)}" font-size="${size}" font-weight="${style.fontWeight}" fill="${colour}" fill-opacity="${opacity}">${escaped(text)}</text>`;
  }
}

async function pngOf({ svg, width, height }) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * PNG_SCALE, height: height * PNG_SCALE });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function pageOf(svg, file, alt) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(file)}</title>`
    + "<style>body{margin:1rem;font:1rem/1.5 system-ui,sans-serif}svg{max-width:100%;height:auto}</style></head>"
    + `<body>${svg}<p>${escaped(alt)}</p></body></html>`;
}
