// The browser part of class_bars.py: a row per class, to click, or to choose by its digit.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const listening = new WeakMap(); // parentElement -> the listener on the document

const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".class-bars");
  const choose = (label) => setTriggerValue("chosen", { image: data.image, label });
  root.setAttribute("aria-label", data.title);
  root.replaceChildren(...data.rows.map((row, label) => makeRow(row, () => choose(label))));
  const onKey = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event)) return;
    const label = data.rows.findIndex((row) => row.key && row.key === event.key);
    if (label >= 0) choose(label);
  };
  document.removeEventListener("keydown", listening.get(parentElement));
  listening.set(parentElement, onKey);
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

// A digit that is typed into a field is no decision.
function isTyping(event) {
  const target = event.composedPath()[0];
  return Boolean(target.closest?.("input, textarea, select, [contenteditable=true], [role=combobox]"));
}

function makeRow({ name, colour, key, share, role }, choose) {
  const row = make("button", `row ${role}`);
  row.type = "button";
  row.style.setProperty("--colour", colour);
  const label = make("span", "name", name);
  if (role) label.appendChild(make("small", "", ` ${role}`));
  row.append(make("kbd", "", key), label);
  const track = row.appendChild(make("span", "track"));
  track.appendChild(document.createElement("i")).style.width = `${100 * (share ?? 0)}%`;
  const percent = share === null ? "–" : `${(100 * share).toFixed(1)}%`;
  row.appendChild(make("span", "percent", percent));
  const what = role === "given" ? `Keep ${name}` : `Relabel as ${name}`;
  row.setAttribute("aria-label", `${what}, ${percent}${role ? `, ${role}` : ""}`);
  row.title = key ? `${what} (key ${key})` : what;
  row.addEventListener("click", choose);
  return row;
}
