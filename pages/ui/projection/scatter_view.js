// Between the points' own coordinates and the screen: fitting, zoom, what lies where; dots and images.
// Used by scatter.js.

const SIDE = 28; // pixels of an image
const MARGIN = 26; // px around the points
const REACH = 14; // px from the pointer to a dot that counts as under it

class View {
  constructor(x, y) {
    [this.x, this.y] = [x, y];
    this.limits = [extent(x), extent(y)];
    this.reset();
  }

  reset() {
    [this.zoom, this.panX, this.panY] = [1, 0, 0];
  }

  resize(width, height) {
    [this.width, this.height] = [width, height];
    this.place();
  }

  // Screen places of all points; again after each change of size or zoom.
  place() {
    const [[left, right], [low, high]] = this.limits;
    const scale = Math.min((this.width - 2 * MARGIN) / (right - left), (this.height - 2 * MARGIN) / (high - low));
    const k = scale * this.zoom; // the same for both axes: distances on a map are to be compared
    this.toX = (value) => this.width / 2 + this.panX + (value - (left + right) / 2) * k;
    this.toY = (value) => this.height / 2 + this.panY - (value - (low + high) / 2) * k;
    this.sx = Float32Array.from(this.x, this.toX);
    this.sy = Float32Array.from(this.y, this.toY);
    this.cells = null;
  }

  zoomAt(factor, x = this.width / 2, y = this.height / 2) {
    const zoom = Math.min(60, Math.max(1, this.zoom * factor));
    const share = zoom / this.zoom;
    this.panX = (x - this.width / 2) * (1 - share) + this.panX * share;
    this.panY = (y - this.height / 2) * (1 - share) + this.panY * share;
    this.zoom = zoom;
    if (zoom === 1) this.reset();
    this.place();
  }

  pan(dx, dy) {
    this.panX += dx;
    this.panY += dy;
    this.place();
  }

  nearest(x, y, isShown) {
    this.cells ??= bucket(this.sx, this.sy);
    let [best, least] = [null, REACH * REACH];
    for (let i = -1; i <= 1; i++) {
      for (let j = -1; j <= 1; j++) {
        for (const at of this.cells.get(cellKey(x + i * REACH, y + j * REACH)) ?? []) {
          const away = (this.sx[at] - x) ** 2 + (this.sy[at] - y) ** 2;
          if (away < least && isShown(at)) [best, least] = [at, away];
        }
      }
    }
    return best;
  }

  inside(path, isShown) {
    const rows = [];
    for (let at = 0; at < this.sx.length; at++) {
      if (isShown(at) && isInside(this.sx[at], this.sy[at], path)) rows.push(at);
    }
    return rows;
  }
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return high > low ? [low, high] : [low - 1, high + 1];
}

const cellKey = (x, y) => Math.floor(x / REACH) * 100003 + Math.floor(y / REACH);

function bucket(xs, ys) {
  const cells = new Map();
  xs.forEach((x, at) => {
    const key = cellKey(x, ys[at]);
    if (cells.has(key)) cells.get(key).push(at);
    else cells.set(key, [at]);
  });
  return cells;
}

// Whether a ray to the right crosses the outline an odd number of times.
function isInside(x, y, path) {
  let odd = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [[x1, y1], [x2, y2]] = [path[i], path[j]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd;
  }
  return odd;
}

// A rim in the colour of the text lifts dark dots off a dark page and pale ones off a light page.
const RIM = 0.35;

function sprite(colour, radius, rim) {
  const side = Math.ceil((2 * radius + 2) * devicePixelRatio);
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const ink = canvas.getContext("2d");
  ink.fillStyle = colour;
  ink.beginPath();
  ink.arc(side / 2, side / 2, radius * devicePixelRatio, 0, 7);
  ink.fill();
  [ink.globalAlpha, ink.lineWidth, ink.strokeStyle] = [RIM, 0.7 * devicePixelRatio, rim];
  ink.stroke();
  return canvas;
}

async function unzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Two pixels a byte, the first in its upper half.
function paint(canvas, pixels, row) {
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const pair = pixels[(row * SIDE * SIDE + i) >> 1];
    const grey = (i % 2 ? pair & 15 : pair >> 4) * 17;
    image.data.set([grey, grey, grey, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// ---- what is drawn, on the screen (scatter.js) and in files --------------------------------------------------------

const radiusOf = (map) => Math.min(6, (map.count > 4000 ? 2.1 : 2.8) * Math.sqrt(map.view.zoom));
const opacityOf = (map, row) => (!map.taken.size || map.taken.has(row) ? 0.85 : 0.12);

// The name of each class at the median of its dots, kept apart where they would cover one another.
function namesOf(map) {
  const style = getComputedStyle(map.host);
  const size = map.view.width < 500 ? 12 : 14;
  const font = `600 ${size}px ${style.fontFamily}`;
  map.ink.font = font;
  const names = [];
  for (const { name, label, at } of map.named ? map.classes : []) {
    if (map.hidden.has(label)) continue;
    const half = map.ink.measureText(name).width / 2 + 4;
    const x = Math.min(Math.max(map.view.toX(at[0]), half), map.view.width - half);
    let y = map.view.toY(at[1]);
    while (names.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 18)) y += 6;
    names.push({ name, x, y, half });
  }
  return { font, size, colour: style.color, ground: getComputedStyle(map.board).backgroundColor, names };
}

// The same as SVG: a dot for each image in view, which says its name under the pointer.
function shapes(map) {
  const { width, height, sx, sy } = map.view;
  const radius = rounded(radiusOf(map));
  const dots = map.classes.filter(({ label }) => !map.hidden.has(label)).map(({ name, label, colour }) => {
    let text = `<g fill="${colour}" stroke="${inkOf(getComputedStyle(map.host).color).colour}" stroke-width="0.7" stroke-opacity="${RIM}">`;
    for (let row = 0; row < map.count; row++) {
      if (map.labels[row] !== label || sx[row] < 0 || sy[row] < 0 || sx[row] > width || sy[row] > height) continue;
      text += `<circle cx="${rounded(sx[row])}" cy="${rounded(sy[row])}" r="${radius}" fill-opacity="${opacityOf(map, row)}"><title>${escaped(`${name}, ${map.names[row]}`)}</title></circle>`;
    }
    return `${text}</g>`;
  });
  const { size, colour, ground, names } = namesOf(map);
  const words = names.filter(({ y }) => y > 0 && y < height).map(({ name, x, y }) =>
    `<text x="${rounded(x)}" y="${rounded(y + size * 0.35)}">${escaped(name)}</text>`);
  const family = escaped(getComputedStyle(map.host).fontFamily);
  return `${dots.join("")}<g font-family="${family}" font-size="${size}" font-weight="600" text-anchor="middle" fill="${inkOf(colour).colour}" stroke="${inkOf(ground).colour}" stroke-width="4" stroke-linejoin="round" paint-order="stroke">${words.join("")}</g>`;
}
