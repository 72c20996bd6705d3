// The browser part of export.py: save the chart that stands above as PNG or SVG, drawn by the browser itself.
// Streamlit keeps Plotly to itself, so this works through the one button that each saveable chart has.

export default function ({ data, parentElement }) {
  for (const button of parentElement.querySelectorAll("button")) {
    button.onclick = () => {
      const saved = save(chartAbove(data.marker), button.dataset.format, data.name);
      parentElement.querySelector("output").textContent = saved ? "" : "This chart cannot be drawn as a file here; HTML can.";
    };
  }
}

function chartAbove(marker) {
  const place = document.querySelector(`.st-key-${CSS.escape(marker)}`);
  const isAbove = (chart) => place && place.compareDocumentPosition(chart) & Node.DOCUMENT_POSITION_PRECEDING;
  return [...document.querySelectorAll(".js-plotly-plot")].filter(isAbove).at(-1);
}

function save(chart, format, filename) {
  const button = chart?.querySelector(".modebar-btn[data-title*='png' i], .modebar-btn[data-title*='svg' i]");
  if (!button) return false;
  const { layout } = chart;
  Object.assign(chart._context.toImageButtonOptions, { format, filename, scale: 2 });
  // Plotly copies the layout at once, so the page itself never shows the colours of the file.
  chart.layout = withPageColours(layout);
  button.click();
  chart.layout = layout;
  return true;
}

// A transparent file is unreadable elsewhere, and Streamlit's grey for axes is too faint for print.
function withPageColours(layout) {
  const page = getComputedStyle(document.querySelector(".stApp"));
  const copy = structuredClone(layout);
  copy.paper_bgcolor = page.backgroundColor;
  copy.font = { ...copy.font, color: page.color };
  for (const axis of Object.keys(copy).filter((name) => /^[xy]axis\d*$/.test(name))) {
    copy[axis].tickfont = { ...copy[axis].tickfont, color: page.color };
    if (copy[axis].title?.text) copy[axis].title.font = { ...copy[axis].title.font, color: page.color };
  }
  return copy;
}
