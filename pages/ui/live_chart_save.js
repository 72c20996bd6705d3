// What the Save menu makes of a chart: its curves as shapes, and its numbers as CSV.
// live_chart.py joins this file between live_chart_plot.js and live_chart.js.

function curveShapes({ colours, head }, { u, panel }) {
  const [left, top, width, height] = ["left", "top", "width", "height"].map((side) => u.bbox[side] / devicePixelRatio);
  const across = (x) => rounded(left + u.valToPos(x, "x"));
  const down = (y) => rounded(top + u.valToPos(y, "y"));
  const text = (words, x, y, anchor) => `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}" font-size="11" `
    + `font-family="sans-serif" fill="${inkOf(colours.ink).colour}">${escaped(String(words))}</text>`;
  const line = (d, { colour, opacity }, more = "") =>
    `<path d="${d}" fill="none" stroke="${colour}" stroke-opacity="${opacity}" ${more}/>`;
  const [bottom, grid] = [top + height, inkOf(colours.line)];
  const shapes = [text(head.xLabel, left + width / 2, bottom + 38, "middle")];
  const [columns, rows] = u.axes.map(({ _splits, _values }) => _splits.map((at, i) => [at, _values[i] ?? ""]));
  for (const [x, label] of columns) {
    shapes.push(line(`M${across(x)} ${top}V${rounded(bottom)}`, grid), text(label, across(x), bottom + 18, "middle"));
  }
  for (const [y, label] of rows) {
    shapes.push(line(`M${left} ${down(y)}H${rounded(left + width)}`, grid), text(label, left - 8, down(y) + 4, "end"));
  }
  const id = `plot-${Math.random().toString(36).slice(2)}`;
  shapes.push(`<clipPath id="${id}"><rect x="${left}" y="${top}" width="${width}" height="${height}"/></clipPath><g clip-path="url(#${id})">`);
  panel.series.forEach((series, i) => {
    if (!u.series[i + 1].show) return;
    const { colour, style } = series;
    const points = u.data[0].map((x, at) => [x, u.data[i + 1][at]]).filter(([, y]) => y !== undefined);
    let pen = "M";
    const d = points.map(([x, y]) => {
      const step = y === null ? "" : `${pen}${across(x)} ${down(y)}`;
      pen = y === null ? "M" : "L";
      return step;
    }).join("");
    const thin = style === "thin";
    const ink = { colour, opacity: thin ? 0.6 : 1 };
    if (style !== "points") shapes.push(line(d, ink, `stroke-width="${thin ? 1 : 1.75}"${style === "dashed" ? ' stroke-dasharray="5 4"' : ""}`));
    const seen = points.filter(([, y]) => y !== null);
    if (style === "points" || (!thin && seen.length * 14 < width)) {
      shapes.push(...seen.map(([x, y]) => `<circle cx="${across(x)}" cy="${down(y)}" r="2.5" fill="${colour}"/>`));
    }
  });
  shapes.push("</g>");
  for (const [x, label] of panel.marks.filter(([at]) => at >= u.scales.x.min && at <= u.scales.x.max)) {
    shapes.push(line(`M${across(x)} ${top}V${rounded(bottom)}`, inkOf(colours.ink), 'stroke-dasharray="2 3"'));
    shapes.push(text(label, across(x), top - 4, "middle"));
  }
  return shapes.join("");
}

// A row for each point, in the numbers that were sent: float32, which holds seven digits.
function csvOf({ xLabel, panels }) {
  const cell = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const number = (value) => (value === null ? "" : String(Number(value.toPrecision(7))));
  const rows = [["Chart", "Curve", xLabel, "Value"]];
  for (const { title, series } of panels) {
    for (const { label, x, y } of series) x.forEach((at, i) => rows.push([title, label, number(at), number(y[i])]));
  }
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
