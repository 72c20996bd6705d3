// The browser part of pictures.py: pictures with names above them.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

const shown = new WeakMap(); // parentElement -> its box, and the menu

export default function ({ data, parentElement }) {
  if (!shown.has(parentElement)) shown.set(parentElement, frame(parentElement));
  const { list, menu } = shown.get(parentElement);
  list.setAttribute("aria-label", data.alt);
  list.style.setProperty("--narrowest", `${data.narrowest}px`);
  list.style.maxWidth = `${data.widest * data.items.length}px`;
  list.replaceChildren(...data.items.map(figure));
  menu.update(data.file, data.alt);
}

function frame(root) {
  const host = root.appendChild(Object.assign(document.createElement("div"), { className: "pictures" }));
  const list = host.appendChild(Object.assign(document.createElement("div"), { className: "list" }));
  list.setAttribute("role", "group");
  return { list, menu: new SaveMenu(host) };
}

function figure({ name, src, alt }) {
  const element = document.createElement("figure");
  element.append(
    Object.assign(document.createElement("figcaption"), { textContent: name, title: name }),
    Object.assign(document.createElement("img"), { src, alt }),
  );
  return element;
}
