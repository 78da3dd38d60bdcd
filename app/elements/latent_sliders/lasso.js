// A lasso around pairs of the map: the pair of their mean Z, what they are, and those nearest to the mean.
const NEIGHBOURS = 7;

/** Whether a place is inside a polygon: how often a ray from it crosses the border. */
function inside([x, y], polygon) {
  let within = false;
  polygon.forEach(([ax, ay], i) => {
    const [bx, by] = polygon[(i + 1) % polygon.length];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  });
  return within;
}

class Lasso {
  /** Draws on the map's canvas: with the mouse by dragging, with a finger while `on`. */
  constructor(map) {
    Object.assign(this, { map, path: null, chosen: [] });
    this.button = small("Draw around pairs with a finger; a mouse needs no switch", "Lasso", () => this.#turn(), { "aria-pressed": "false" });
    this.clear = small("Clear the choice of pairs", "Clear", () => this.choose([]), { hidden: true });
    this.told = element("div", { class: "lassoed", role: "status" });
    const { canvas } = map;
    canvas.addEventListener("pointerdown", (event) => {
      this.over = false;
      if (!map.data || (event.pointerType === "touch" && !this.on)) return;
      this.path = [this.#place(event)];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.path) return;
      this.path.push(this.#place(event));
      if (this.drawing) map.draw();
    });
    canvas.addEventListener("pointerup", () => {
      const { path, drawing } = this;
      this.path = null;
      if (drawing) {
        const pixel = map.projection();
        this.choose(map.points.flatMap((point, i) => (inside(pixel(point), path) ? [i] : [])));
      }
      this.over = drawing; // the click that follows is the end of the lasso
    });
    canvas.addEventListener("pointercancel", () => { this.path = null; });
  }

  /** Whether the pointer has gone far enough to mean a lasso and not a click. */
  get drawing() {
    if (!this.path || this.path.length < 4) return false;
    const [xs, ys] = [0, 1].map((k) => this.path.map((place) => place[k]));
    return Math.max(...xs) - Math.min(...xs) > 14 || Math.max(...ys) - Math.min(...ys) > 14;
  }

  #place(event) {
    const box = this.map.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #turn() {
    this.on = !this.on;
    this.button.setAttribute("aria-pressed", String(this.on));
    this.map.canvas.style.touchAction = this.on ? "none" : "";
  }

  /** Draw the lasso, and a ring around each chosen pair. */
  paint(context, ink) {
    context.strokeStyle = ink;
    context.lineWidth = 1;
    const pixel = this.map.projection();
    for (const i of this.chosen) {
      const [x, y] = pixel(this.map.points[i]);
      context.strokeRect(x - 3, y - 3, 6, 6);
    }
    if (!this.drawing) return;
    context.lineWidth = 1.5;
    context.beginPath();
    this.path.forEach(([x, y]) => context.lineTo(x, y));
    context.closePath();
    context.stroke();
  }

  choose(chosen) {
    this.chosen = chosen;
    this.clear.toggleAttribute("hidden", !chosen.length);
    this.map.draw();
    if (chosen.length) this.#tell();
    else this.told.replaceChildren();
  }

  async #tell() {
    const { map, chosen } = this, { main } = map, factors = Object.keys(main.sizes), factor = map.block.value;
    const mean = (name) => Float32Array.from({ length: main.sizes[name] }, (_, k) => chosen.reduce((sum, i) => sum + map.code(name, i)[k], 0) / chosen.length);
    const means = Object.fromEntries(factors.map((name) => [name, mean(name)]));
    const far = (i) => Math.hypot(...map.code(factor, i).map((x, k) => x - means[factor][k]));
    const near = [...chosen].sort((a, b) => far(a) - far(b)).slice(0, NEIGHBOURS);
    const rows = [means, ...near.map((i) => Object.fromEntries(factors.map((name) => [name, map.code(name, i)])))];
    const joined = (name) => Float32Array.from(rows.flatMap((row) => [...row[name]]));
    const { y, ...a } = Object.fromEntries(factors.map((name) => [name, joined(name)]));
    const { pixels } = await main.decoder.back.ask("decode", { key: main.model.key, n: rows.length, z: { y, a } });
    if (this.chosen !== chosen) return;
    const labels = map.data.labels.data, counts = main.digits.map((_, k) => chosen.filter((i) => labels[i] === k).length);
    const most = counts.map((n, k) => [n, k]).filter(([n]) => n).sort((p, q) => q[0] - p[0]).slice(0, 4);
    const told = `${chosen.length} pairs: ${most.map(([n, k]) => `${n} of digit ${k}`).join(", ")}${counts.filter(Boolean).length > 4 ? ", \u2026" : ""}`;
    const picture = (row, text) => {
      const canvases = main.modalities.map((name) => {
        const canvas = element("canvas");
        put(canvas, pixels[name], main.model.model.shapes[name], row);
        return canvas;
      });
      const take = () => main.jump({ ...main.snapshot(), [factor]: settled(rows[row][factor]) });
      const button = element("button", { type: "button", class: "near", title: "Take this Z" }, [element("span", { class: "twins" }, canvases), element("span", {}, text)]);
      button.addEventListener("click", take);
      return button;
    };
    this.told.replaceChildren(
      element("p", { class: "note" }, `${told}. First the pair of their mean Z, then those nearest to it; a click takes that Z.`),
      element("div", { class: "bar" }, rows.map((_, row) => picture(row, row ? `pair ${near[row - 1]}` : "mean"))),
    );
  }
}
