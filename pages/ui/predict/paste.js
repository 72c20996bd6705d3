// The browser part of paste.py. Pasted pictures are put into the page's own file field, so that size, type and number
// are checked in one place and several can be pasted one after the other.
// Streamlit calls the default export again on each change of data or theme, with the same parentElement.

let count = 0; // of pictures pasted since the page was loaded: each needs a name of its own

export default function ({ data, parentElement }) {
  const said = parentElement.querySelector(".said");
  const button = parentElement.querySelector("button");
  const take = (files) => {
    const pictures = [...files].filter((file) => file.type.startsWith("image/"));
    if (!pictures.length) return false;
    const field = document.querySelector(`.st-key-${data.uploader} input[type=file]`);
    if (!field) return false;
    const bundle = new DataTransfer();
    for (const file of pictures) {
      bundle.items.add(new File([file], `pasted-${++count}.${file.type.split("/")[1]}`, { type: file.type }));
    }
    field.files = bundle.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    said.textContent = "";
    return true;
  };
  const onPaste = (event) => { if (take(event.clipboardData?.files ?? [])) event.preventDefault(); };
  document.addEventListener("paste", onPaste);
  button.onclick = async () => {
    try {
      const items = await navigator.clipboard.read();
      const kinds = items.map((item) => item.types.find((type) => type.startsWith("image/")));
      const files = await Promise.all(items.map((item, at) => kinds[at] && item.getType(kinds[at])));
      if (!take(files.filter(Boolean))) said.textContent = "Expected a picture in the clipboard. Received something else.";
    } catch {
      said.textContent = "The browser does not let this page read the clipboard: press Ctrl+V, or upload a file.";
    }
  };
  return () => document.removeEventListener("paste", onPaste);
}
