// What canvas.js draws with: lines, what closed outlines enclose, the mirror image, and small outlines of templates.
// The same rules as in fmnist_core/drawing.py, which draws for the model.

const CLOSE = 80; // a line that ends this near to its start is an outline, and closed
const GRID = 112; // side of the grid on which closed outlines are found: four cells for each pixel of the item

// How much of the brush's width a pen leaves, in percent: half pressed, all of it.
const pressed = ({ pressure }) => Math.round(40 + 120 * pressure);

function isOutline(points) {
  const [x, y] = points;
  const away = (i) => Math.hypot(points[i] - x, points[i + 1] - y);
  let farthest = 0;
  for (let i = 0; i < points.length; i += 2) farthest = Math.max(farthest, away(i));
  return farthest > 3 * CLOSE && away(points.length - 2) < CLOSE;
}

// Draw strokes with round ends and corners, erasers in opaque black.
function trace(ink, strokes, side) {
  const unit = side / 1000;
  [ink.lineCap, ink.lineJoin] = ["round", "round"];
  for (const { points, width, erase, pressure } of strokes) {
    const p = points.map((value) => value * unit);
    ink.strokeStyle = erase ? "#000" : "#fff";
    ink.lineWidth = width * unit;
    ink.beginPath();
    ink.moveTo(p[0], p[1]);
    for (let i = 2; i < p.length - 2; i += 2) {
      const [x, y] = [(p[i] + p[i + 2]) / 2, (p[i + 1] + p[i + 3]) / 2];
      if (pressure) ink.lineWidth = (width * unit * pressure[i / 2]) / 100;
      ink.quadraticCurveTo(p[i], p[i + 1], x, y);
      if (!pressure) continue;
      ink.stroke(); // a width holds for a whole path, so each piece is a path
      ink.beginPath();
      ink.moveTo(x, y);
    }
    if (pressure) ink.lineWidth = (width * unit * pressure.at(-1)) / 100;
    ink.lineTo(p.at(-2), p.at(-1));
    ink.stroke();
  }
}

const mirrored = (strokes) =>
  strokes.map((stroke) => ({ ...stroke, points: stroke.points.map((value, i) => (i % 2 ? value : 1000 - value)) }));

// A small picture of a template for its button.
function thumbnail(strokes) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 1000 1000");
  for (const { points, width, erase } of strokes) {
    const line = document.createElementNS(picture.namespaceURI, "polyline");
    line.setAttribute("points", points.join(" "));
    line.setAttribute("class", erase ? "rubbed" : "drawn");
    line.style.strokeWidth = width;
    picture.appendChild(line);
  }
  return picture;
}

// Return a picture of what the outlines enclose: all that cannot be reached from the edge without crossing a line,
// less what was rubbed out, and one step into the line, so that no seam shows.
const grid = Object.assign(document.createElement("canvas"), { width: GRID, height: GRID });

function filling(strokes) {
  const ink = grid.getContext("2d", { willReadFrequently: true });
  ink.clearRect(0, 0, GRID, GRID);
  trace(ink, strokes, GRID);
  const image = ink.getImageData(0, 0, GRID, GRID);
  const pixels = new Uint32Array(image.data.buffer); // alpha, blue, green, red
  const isTouched = (i) => pixels[i] >>> 24 > 127;
  const isLine = (i) => isTouched(i) && (pixels[i] & 255) > 127;
  const outside = new Uint8Array(GRID * GRID);
  const open = [];
  const visit = (i) => { if (!outside[i] && !isLine(i)) { outside[i] = 1; open.push(i); } };
  for (let k = 0; k < GRID; k++) [k, GRID * (GRID - 1) + k, GRID * k, GRID * k + GRID - 1].forEach(visit);
  while (open.length) {
    const i = open.pop();
    const x = i % GRID;
    if (x > 0) visit(i - 1);
    if (x < GRID - 1) visit(i + 1);
    if (i >= GRID) visit(i - GRID);
    if (i < GRID * (GRID - 1)) visit(i + GRID);
  }
  const inside = [];
  for (let i = 0; i < GRID * GRID; i++) if (!outside[i] && !isTouched(i)) inside.push(i);
  pixels.fill(0);
  for (const i of inside) {
    for (const row of [i - GRID, i, i + GRID]) pixels.fill(0xffffffff, row - 1, row + 2);
  }
  ink.putImageData(image, 0, 0);
  return grid;
}
