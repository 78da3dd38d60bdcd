// Matrices as heat maps: a byte a cell, painted from the paper's colour to that of what is shown.
function colour(text) {
  const canvas = element("canvas", { width: 1, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data;
}

function paintHeat(canvas, map, style) {
  const paper = colour(style.getPropertyValue("--paper").trim());
  const up = colour(style.getPropertyValue(map.diverging ? "--up" : "--full").trim());
  const down = colour(style.getPropertyValue("--down").trim());
  const bytes = Uint8Array.from(atob(map.bytes), (letter) => letter.charCodeAt(0));
  const context = canvas.getContext("2d");
  const image = context.createImageData(map.columns, map.rows);
  bytes.forEach((byte, i) => {
    const share = map.diverging ? (byte - 128) / 127 : byte / 255;
    const end = share < 0 ? down : up;
    for (let channel = 0; channel < 3; channel += 1) image.data[4 * i + channel] = paper[channel] + Math.min(1, Math.abs(share)) * (end[channel] - paper[channel]);
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

function heatMap(map, readout) {
  const canvas = element("canvas", { role: "img", "aria-label": map.alt, width: map.columns, height: map.rows });
  canvas.style.aspectRatio = map.square ? "1" : "";
  canvas.style.height = map.square ? "" : `${Math.min(12, Math.max(2.5, map.rows * 0.32))}rem`;
  canvas.addEventListener("pointermove", (event) => {
    const frame = canvas.getBoundingClientRect();
    const column = Math.min(map.columns - 1, Math.max(0, Math.floor(((event.clientX - frame.left) / frame.width) * map.columns)));
    const row = Math.min(map.rows - 1, Math.max(0, Math.floor(((event.clientY - frame.top) / frame.height) * map.rows)));
    const byte = atob(map.bytes).charCodeAt(row * map.columns + column);
    const value = map.low + ((map.high - map.low) * byte) / 255;
    readout.textContent = `${map.title}: ${map.names_rows[row]}, ${map.names_columns[column]}: ${value.toFixed(2)}`;
  });
  const ends = element("div", { class: "ends" }, [element("span", {}, map.left ?? ""), element("span", {}, map.right ?? "")]);
  const box = element("figure", { class: map.hue ?? "" }, [element("figcaption", {}, [element("b", {}, rich(map.title)), " ", element("span", { class: "note" }, map.note ?? "")]), canvas, ends]);
  return { box, canvas };
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  const style = getComputedStyle(root);
  const version = `${data.version} ${style.getPropertyValue("--paper")}`;
  if (root.dataset.ready === version) return;
  const readout = element("p", { class: "readout" }, data.hint ?? "");
  const made = data.maps.map((map) => heatMap(map, readout));
  root.replaceChildren(element("div", { class: `maps ${data.wide ? "wide" : ""}` }, made.map((one) => one.box)), readout);
  made.forEach((one, i) => paintHeat(one.canvas, data.maps[i], getComputedStyle(one.box)));
  root.dataset.ready = version;
}
