// What components share; verdict.py and break_it.py put it before their own part.

const percent = (value) => `${(100 * value).toFixed(1)}%`;

function add(parent, tag, text = "", className = "") {
  return parent.appendChild(Object.assign(document.createElement(tag), { textContent: text, className }));
}

// Draw a square of grey pixels out of letters that atob made, a letter each.
function drawGrey(canvas, letters, side, start = 0) {
  const image = new ImageData(side, side);
  for (let at = 0; at < side * side; at += 1) {
    const value = letters.charCodeAt(start + at);
    image.data.set([value, value, value, 255], 4 * at);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
