// Figure 1 of the paper: what is inferred from the data, and what is generated from it. Nodes carry what they hold now.
const COLUMNS = { x: 44, z: 172, f: 300, out: 430 };
const STEP = 104;
const FIRST = 86;
const HALF = 33; // of a picture's side

/** A symbol with its subscript and hat, as the paper sets it. */
function symbolText(x, y, { letter, below, hat }) {
  const text = shape("text", { x, y: y + 7, class: "symbol" }, hat ? `${letter}\u0302` : letter);
  if (below) text.append(shape("tspan", { dy: 6, class: "below" }, below));
  return text;
}

class Graph {
  /** `nodes`: what is told of each, by its id; `to` is told what the visitor does: look(id), go(id). */
  constructor(modalities, nodes, to) {
    Object.assign(this, { modalities, nodes, to, groups: {}, edges: [], canvases: {} });
    const rows = places(modalities, FIRST, STEP), height = FIRST + modalities.length * STEP + 50;
    this.svg = shape("svg", { viewBox: `0 0 478 ${height}`, class: "graph", role: "group", "aria-label": "Figure 1 of the paper" });
    const heads = [["x", "data"], ["z", "latent Z"], ["f", "factor F"], ["out", "generated"]];
    this.svg.append(...heads.map(([column, text]) => shape("text", { x: COLUMNS[column], y: 22, class: "head" }, text)));
    modalities.forEach((name, i) => {
      this.#edge(`x.${name}`, `z.${name}`, rows[name], rows[name], `a${i} inferred`, "Q");
      this.#edge(`x.${name}`, "z.y", rows[name], rows.y, "y inferred");
      this.#edge(`z.${name}`, `f.${name}`, rows[name], rows[name], `a${i}`, "G");
      this.#edge(`f.${name}`, `out.${name}`, rows[name], rows[name], `a${i}`, "F");
      this.#edge("f.y", `out.${name}`, rows.y, rows[name], "y");
    });
    this.#edge("z.y", "f.y", rows.y, rows.y, "y", "G");
    this.#edge("f.y", "out.y", rows.y, rows.y, "y", "D");
    modalities.forEach((name, i) => {
      for (const column of ["x", "z", "f", "out"]) this.#node(`${column}.${name}`, rows[name], `a${i}`);
    });
    for (const column of ["z", "f", "out"]) this.#node(`${column}.y`, rows.y, "y");
  }

  #edge(from, to, start, end, hue, letter) {
    const [a, b] = [from, to].map((id) => COLUMNS[id.split(".")[0]]), middle = (a + b) / 2;
    const path = shape("path", { d: `M${a + 30},${start} C${middle},${start} ${middle},${end} ${b - 32},${end}`, class: `edge ${hue}` });
    this.svg.append(path);
    if (letter) this.svg.append(shape("text", { x: middle, y: start - 7, class: "network" }, letter));
    this.edges.push({ from, to, path });
  }

  #node(id, y, hue) {
    const [column] = id.split("."), told = this.nodes[id], x = COLUMNS[column];
    const group = shape("g", { class: `node ${hue} ${column}`, tabindex: 0, role: "link", "aria-label": `${told.title}. ${told.sentence} Opens: ${told.page}.` });
    group.dataset.id = id;
    if (column === "z") group.append(shape("circle", { cx: x, cy: y, r: 29 }));
    else {
      const high = id === "out.y" ? 24 : column === "f" ? 28 : HALF;
      group.append(shape("rect", { x: x - (column === "f" ? 28 : HALF), y: y - high, width: column === "f" ? 56 : 2 * HALF, height: 2 * high, rx: column === "f" ? 8 : 4 }));
    }
    if (column === "out" && id !== "out.y") {
      const canvas = element("canvas"), box = shape("foreignObject", { x: x - HALF + 2, y: y - HALF + 2, width: 2 * HALF - 4, height: 2 * HALF - 4 }, canvas);
      this.canvases[id.slice(4)] = canvas;
      group.append(box);
    } else group.append(symbolText(x, y, told.symbol));
    group.addEventListener("pointerenter", () => this.look(id));
    group.addEventListener("focus", () => this.look(id));
    group.addEventListener("click", (event) => {
      const touched = event.pointerType === "touch" && this.tapped !== id; // a finger cannot hover: its first tap looks
      this.tapped = id;
      this.look(id);
      if (!touched) this.to.go(id);
    });
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.to.go(id);
    });
    this.groups[id] = group;
    this.svg.append(group);
  }

  look(id) {
    for (const [other, group] of Object.entries(this.groups)) group.classList.toggle("chosen", other === id);
    this.to.look(id);
  }

  /** Mark what a change of one block of Z reaches: that Z, its F, and what is generated from it. */
  reach(factor) {
    const reached = new Set([`z.${factor}`]);
    for (let more = true; more; ) {
      const found = this.edges.filter(({ from, to }) => reached.has(from) && !reached.has(to));
      for (const { to } of found) reached.add(to);
      more = found.length > 0;
    }
    for (const [id, group] of Object.entries(this.groups)) group.classList.toggle("reached", reached.has(id));
    for (const { from, path } of this.edges) path.classList.toggle("reached", reached.has(from));
    this.svg.classList.add("moved");
    return reached;
  }

  /** The digit that the label head reads. */
  say(digit) {
    this.groups["out.y"].querySelector("text").replaceChildren(digit);
  }
}
