// The browser part of cards.py: pictures with words, which Python has written and escaped, and the Save menu.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const shown = new WeakMap(); // parentElement -> its list, and the menu

export default function ({ data, parentElement }) {
  if (!shown.has(parentElement)) {
    const host = parentElement.appendChild(Object.assign(document.createElement("div"), { className: "quality-cards" }));
    const list = host.appendChild(Object.assign(document.createElement("div"), { className: "list" }));
    shown.set(parentElement, { list, menu: new SaveMenu(host) });
  }
  const { list, menu } = shown.get(parentElement);
  if (list.innerHTML !== data.figures) list.innerHTML = data.figures;
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", data.alt);
  menu.update(data.file, data.alt);
}
