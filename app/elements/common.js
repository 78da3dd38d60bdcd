const SVG = "http://www.w3.org/2000/svg";

/** What the server gives an element, which it sends as the bytes of a JSON text. */
function given(component) {
  return JSON.parse(new TextDecoder().decode(component.data));
}

/** An element with attributes and children; text is always set as text, never as markup. */
function element(tag, attributes = {}, children = []) {
  const node = document.createElement(tag);
  return fill(node, attributes, children);
}

function shape(tag, attributes = {}, children = []) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of [children].flat()) node.append(child);
  return node;
}

/** Decoded images of sprites by modality. */
async function loadTiles(tiles) {
  const loaded = {};
  await Promise.all(
    Object.entries(tiles).map(async ([name, tile]) => {
      const image = new Image();
      image.src = tile.source;
      await image.decode();
      loaded[name] = { ...tile, image };
    }),
  );
  return loaded;
}

/** Copy one picture of a sprite, pixel for pixel. */
function paint(canvas, tile, index) {
  if (canvas.width !== tile.width || canvas.height !== tile.height) {
    canvas.width = tile.width;
    canvas.height = tile.height;
  }
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  const x = (index % tile.across) * tile.width;
  const y = Math.floor(index / tile.across) * tile.height;
  context.drawImage(tile.image, x, y, tile.width, tile.height, 0, 0, tile.width, tile.height);
  canvas.dataset.frame = index;
}

/** Text in which Z_y, F_y, G_y and r_i are set with a subscript. */
function rich(text) {
  const parts = String(text).split(/\b([ZFGr]_[a-z])\b/);
  return parts.map((part, i) => (i % 2 ? element("span", { class: "symbol" }, [part[0], element("sub", {}, part[2])]) : part));
}

/** Heights of the rows of a network, the first and then every `step`: modalities above and below `y`, which they share. */
function places(modalities, first, step) {
  const above = Math.ceil(modalities.length / 2);
  const order = [...modalities.slice(0, above), "y", ...modalities.slice(above)];
  return Object.fromEntries(order.map((name, row) => [name, first + row * step]));
}

/** Go to a page of the app as Back and Forward do, to which Streamlit listens: one entry of the browser's history. */
function goTo(address) {
  history.pushState(null, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
}

/** The address of this page with these parts of the link; without those that are empty. */
function addressWith(parts) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(parts)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  return address.href;
}

function best(percents) {
  return percents.indexOf(Math.max(...percents));
}

/** Little columns, one a digit; ``set`` shows other percentages on the same columns. */
function chart(count, height, digits) {
  const step = 10;
  const columns = Array.from({ length: count }, (_, i) => shape("rect", { x: i * step + 1.5, width: step - 3 }));
  const names = Array.from({ length: digits ? count : 0 }, (_, i) => shape("text", { x: i * step + step / 2, y: height + 9 }, String(i)));
  const ground = shape("line", { x1: 0, x2: count * step, y1: height - 0.5, y2: height - 0.5 });
  const box = { viewBox: `0 0 ${count * step} ${height + (digits ? 11 : 0)}`, class: "bars", "aria-hidden": "true" };
  const svg = shape("svg", digits ? box : { ...box, preserveAspectRatio: "none", height }, [ground, ...columns, ...names]);
  const set = (percents) => {
    const top = percents.some((percent) => percent > 0) ? best(percents) : -1;
    percents.forEach((percent, i) => {
      const tall = (percent / 100) * (height - 1);
      columns[i].setAttribute("y", height - tall);
      columns[i].setAttribute("height", tall);
      columns[i].setAttribute("class", i === top ? "top" : "");
      names[i]?.setAttribute("class", i === top ? "top" : "");
    });
  };
  return { svg, set };
}

function bars(percents, height) {
  const { svg, set } = chart(percents.length, height, false);
  set(percents);
  return svg;
}
