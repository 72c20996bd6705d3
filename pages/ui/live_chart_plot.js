// How one set of axes looks and is handled: words, options for uPlot, marks, selection.
// live_chart.py joins this file between uPlot and live_chart.js; `chart` is a LiveChart from there.

// ---- words ---------------------------------------------------------------------------------------------------

const fixed = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
// Decimals that write multiples of `step` without rounding.
const digitsFor = (step) => {
  let digits = 0;
  while (digits < 8 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6 * 10 ** digits * step) {
    digits += 1;
  }
  return digits;
};
const exponent = (value) => Math.floor(Math.log10(Math.abs(value)) + 1e-9);

function tick(format, value, step) {
  if (format === "percent") return `${fixed(value * 100, digitsFor(step * 100))} %`;
  if (format === "number" || value === 0) return fixed(value, value === 0 ? 0 : digitsFor(step));
  return value.toExponential(digitsFor(step / 10 ** exponent(value))).replace(/\.?0+e/, "e");
}

function reading(format, value) {
  if (value == null) return "–";
  if (format === "percent") return `${fixed(value * 100, 1)} %`;
  if (format === "scientific") return value.toExponential(2);
  return fixed(value, value === 0 ? 0 : Math.min(6, Math.max(0, 3 - exponent(value))));
}

const HINT = matchMedia("(pointer: coarse)").matches
  ? "Drag sideways to zoom"
  : "Drag sideways to zoom, double click to reset";

function positions(label, ...values) {
  return `${label} ${values.map((x) => fixed(x, Number.isInteger(x) ? 0 : 2)).join(" to ")}`;
}

// ---- uPlot options -------------------------------------------------------------------------------------------

function seriesOptions(chart, panel, series) {
  const { label, colour, style } = series;
  const few = (u, i, from, to) => {
    let count = 0;
    for (let k = from; k <= to; k++) count += u.data[i][k] != null;
    return count * 14 < u.over.clientWidth;
  };
  const ratio = devicePixelRatio;
  return {
    label,
    show: !chart.hidden.has(nameOf(panel, series)),
    stroke: colour,
    width: style === "thin" ? 1 : 1.75,
    alpha: style === "thin" ? 0.6 : 1,
    dash: style === "dashed" ? [5 * ratio, 4 * ratio] : undefined,
    paths: style === "points" ? () => null : undefined,
    points: {
      show: style === "points" ? true : style === "thin" ? (u, i, a, b) => a === b : few,
      size: 5,
      width: 1.5,
      fill: style === "line" ? colour : () => chart.colours.paper,
    },
  };
}

// 1, 2, 5 times powers of ten: uPlot's own list has 2.5 as well, odd for epochs.
const STEPS = Array.from({ length: 63 }, (_, i) => [1, 2, 5][i % 3] * 10 ** (Math.floor(i / 3) - 9));
// Along x epochs, seconds or images are counted: fractions stand there only when one looks inside a single one.
const WHOLE_STEPS = STEPS.filter((step) => step >= 1);
const stepsAlong = (u, axis, min, max) => (max - min < 1 ? STEPS : WHOLE_STEPS);

function axisOptions(chart, panel) {
  const font = `11px ${getComputedStyle(chart.host).fontFamily}`;
  const lines = { stroke: () => chart.colours.line, width: 1 };
  const ticks = { ...lines, size: 4 };
  const common = { font, stroke: () => chart.colours.ink, grid: lines, ticks, gap: 4, incrs: STEPS };
  const text = (format) => (u, splits, axis, space, step) => splits.map((value) => tick(format, value, step));
  // One width for all panels, so that their x axes stand above each other and nothing moves; wider only for a
  // label that would be cut.
  const size = (u, labels) => Math.max(52, 14 + 6.2 * Math.max(0, ...(labels ?? []).map((l) => l?.length ?? 0)));
  return [
    { ...common, label: chart.head.xLabel, labelFont: font, labelSize: 16, labelGap: 0, size: 26, space: 48,
      incrs: stepsAlong, values: text("number") },
    { ...common, size, space: 34, values: text(panel.yFormat) },
  ];
}

function plotOptions(chart, panel) {
  const top = () => (chart.head.panels.some(({ marks }) => marks.some(([, label]) => label)) ? 18 : 8);
  return {
    width: 10,
    height: chart.head.heightPx,
    padding: [top, 10, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => chart.view() },
      y: { range: (u, min, max) => yRange(panel.yFormat, min, max) },
    },
    axes: axisOptions(chart, panel),
    series: [{}, ...panel.series.map((series) => seriesOptions(chart, panel, series))],
    cursor: {
      y: false,
      points: { size: 7, fill: (u, i) => panel.series[i - 1].colour },
      drag: { x: false, y: false },
      // Dragging and double clicks are ours (see followPointer): one code for mouse and finger.
      bind: { mousedown: () => null, dblclick: () => null },
      sync: { key: chart.syncKey, scales: ["x", null] },
    },
    hooks: { drawAxes: [(u) => drawMarks(chart, u)], draw: [() => chart.expose()], setCursor: [() => chart.read()] },
  };
}

function yRange(format, min, max) {
  if (min == null) return [0, 1];
  const span = max - min || Math.abs(max) || 1;
  const low = min >= 0 ? Math.max(min - 0.07 * span, -0.02 * span) : min - 0.07 * span;
  const high = max + 0.07 * span;
  // No accuracy above 100 %; the rest keeps a line at the limit from being cut in half.
  return [low, format === "percent" && max <= 1 ? Math.min(high, 1 + 0.02 * span) : high];
}

function drawMarks(chart, u) {
  const marks = chart.plots.find((plot) => plot.u === u)?.panel.marks ?? [];
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const right = bbox.left + bbox.width;
  let free = -Infinity; // where the last label ended
  ctx.save();
  ctx.font = u.axes[0].font[0];
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  ctx.fillStyle = ctx.strokeStyle = chart.colours.ink;
  ctx.lineWidth = ratio;
  for (const [x, label] of marks) {
    const at = Math.round(u.valToPos(x, "x", true));
    if (at < bbox.left || at > right) continue;
    ctx.globalAlpha = 0.55;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    const { width } = ctx.measureText(label);
    const start = Math.min(Math.max(at - width / 2, bbox.left), right - width);
    if (!label || start < free) continue;
    free = start + width + 8 * ratio;
    ctx.globalAlpha = 1;
    ctx.fillText(label, start, bbox.top - 2 * ratio);
  }
  ctx.restore();
}

// Draw a selection sideways to zoom. The view stands still meanwhile, although data go on arriving.
function followPointer(chart, u) {
  const { over } = u;
  let start = null;
  const at = (event) => {
    const { left, width } = over.getBoundingClientRect();
    return Math.min(width, Math.max(0, event.clientX - left));
  };
  const span = (event) => [Math.min(start, at(event)), Math.max(start, at(event))];
  const finish = (event) => {
    if (start === null) return;
    const [from, to] = span(event);
    const range = [u.posToVal(from, "x"), u.posToVal(to, "x")];
    start = chart.held = null;
    chart.select(null);
    if (event.pointerType !== "mouse") u.setCursor({ left: -10, top: -10 });
    if (event.type === "pointerup" && to - from >= 6) chart.zoom = range;
    chart.rescale();
  };
  over.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    start = at(event);
    chart.held = [u.scales.x.min, u.scales.x.max];
    over.setPointerCapture(event.pointerId);
  });
  over.addEventListener("pointermove", (event) => {
    if (start === null) return;
    if (event.pointerType !== "mouse") u.setCursor({ left: at(event), top: over.clientHeight / 2 });
    chart.select(span(event).map((left) => u.posToVal(left, "x")));
  });
  over.addEventListener("pointerup", finish);
  over.addEventListener("pointercancel", finish); // the browser took the finger over, to scroll the page
  over.addEventListener("dblclick", () => chart.reset());
}
