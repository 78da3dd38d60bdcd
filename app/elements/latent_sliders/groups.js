// The sliders of one block of Z, in its colour: its ranked directions, or its raw dimensions.
const REACH = 3.5;
const MOVES = /^(Arrow|Page|Home|End)/; // keys
const LOCK = "M4 7V5a4 4 0 0 1 8 0v2h1v7H3V7zm2 0h4V5a2 2 0 0 0-4 0z";
const UNLOCK = "M4 7V4a4 4 0 0 1 7.7-1.5l-1.8.8A2 2 0 0 0 6 4v3h7v7H3V7z";

function icon(path) {
  return shape("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, shape("path", { d: path }));
}

function small(label, text, onClick, more = {}) {
  const button = element("button", { type: "button", "aria-label": label === text ? null : label, title: label, ...more }, text);
  button.addEventListener("click", onClick);
  return button;
}

/** Put the thumb of a slider of Z, and the part of its line that is filled, at a coordinate. */
function setThumb(input, at) {
  if (Math.abs(Number(input.value) - at) > 0.026) input.value = at; // more than half a step
  input.style.setProperty("--at", `${(100 * (Math.min(Math.max(at, -REACH), REACH) + REACH)) / (2 * REACH)}%`);
}

class Group {
  /** `to` is told what the visitor does: begin(), slide(factor, row, wanted), rest(factor), lock(id), rename(id, name), draw(factor), reset(factor, id). */
  constructor(factor, hue, words, to) {
    Object.assign(this, { factor, words, to, rows: [] });
    this.list = element("div", { class: "rows" });
    const symbol = element("span", { class: "chip" }, rich(factor === "y" ? "Z_y" : "Z_a"));
    const heading = element("h3", {}, [symbol, ` ${words.meaning}`]);
    const tools = element("div", { class: "mini" }, [
      small(`Draw ${words.plain} from the prior`, "Draw", () => to.draw(factor)),
      small(`Reset all of ${words.plain}`, "Reset", () => to.reset(factor, null)),
    ]);
    this.offers = element("p", { class: "units offers" });
    this.box = element("section", { class: `group ${hue}`, "aria-label": `${words.meaning}: ${words.plain}` }, [
      element("div", { class: "title" }, [heading, tools]),
      this.offers,
      this.list,
    ]);
  }

  /** Lay out the rows: the directions of a model, or one row a dimension. */
  lay(directions, size, raw) {
    const vectors = raw ? Array.from({ length: size }, (_, i) => Float32Array.from({ length: size }, (_, j) => Number(i === j))) : directions.vectors;
    this.rows = vectors.map((vector, i) => {
      const id = raw ? `${this.factor}-raw${i + 1}` : `${this.factor}-${i + 1}`;
      const found = raw ? null : directions.names[i];
      const plain = raw ? `dimension ${i + 1}` : found ? `${this.factor === "y" ? "from " : ""}${found}` : `direction ${i + 1}`;
      const about = raw
        ? "one number of Z"
        : `a step changes a pixel by ${(100 * directions.effects[i]).toFixed(1)} %` + (found ? `; correlation ${directions.correlations[i].toFixed(2)}` : "");
      return this.#row(id, vector, plain, raw || !found ? null : directions.correlations[i], about, found);
    });
    this.offers.textContent = vectors.length < size ? `The ${vectors.length} strongest directions of ${size} dimensions.` : `All ${size} ${raw ? "dimensions" : "directions"} of this latent.`;
    this.list.replaceChildren(...this.rows.map((row) => row.box));
    this.list.classList.toggle("many", this.rows.length > 8);
  }

  #row(id, vector, plain, correlation, about, found) {
    const input = element("input", { type: "range", min: -REACH, max: REACH, step: 0.05, "aria-keyshortcuts": "L Delete F2", title: "Keys: L locks, Delete resets, F2 renames" });
    // A slider is one stop of the Tab key; what its buttons do, keys of the slider do as well.
    const output = small(`Reset ${plain}`, "0", () => this.to.reset(this.factor, id), { class: "value", tabindex: -1 });
    const lock = small(`Lock ${plain}`, "", () => this.to.lock(id), { class: "lock", "aria-pressed": "false", tabindex: -1 });
    const name = small(`Rename ${plain}: ${about}`, plain, () => this.#rename(row), { class: "name", tabindex: -1 });
    const r = correlation === null ? "" : element("span", { class: "r" }, `r ${correlation.toFixed(2)}`);
    const box = element("div", { class: "slider" }, [element("div", { class: "label" }, [name, r]), input, output, lock]);
    const row = { id, vector, plain, name, input, output, lock, box, r, correlation, found };
    input.addEventListener("pointerdown", () => this.to.begin());
    const keys = { l: lock, L: lock, Delete: output, F2: name };
    input.addEventListener("keydown", (event) => {
      if (MOVES.test(event.key)) {
        if (!event.repeat) this.to.begin();
        row.pressed = true; // a key that is held moves on until it is let go
      }
      if (event.ctrlKey || event.metaKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key].click();
    });
    input.addEventListener("change", () => { if (!row.pressed) this.to.rest(this.factor); });
    input.addEventListener("keyup", (event) => {
      if (!MOVES.test(event.key)) return;
      row.pressed = false;
      this.to.rest(this.factor);
    });
    input.addEventListener("input", () => {
      if (row.locked) input.value = row.at;
      else this.to.slide(this.factor, row, Number(input.value));
    });
    return row;
  }

  #rename(row) {
    const field = element("input", { type: "text", maxlength: 24, value: row.name.textContent, "aria-label": `A name for ${row.plain}`, class: "rename" });
    let over = false;
    const end = (keep) => {
      if (over) return;
      over = true;
      field.replaceWith(row.name);
      row.input.focus();
      if (keep) this.to.rename(row.id, field.value.trim().replaceAll("~", "-"));
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") end(false);
      event.stopPropagation();
    });
    field.addEventListener("blur", () => end(true));
    row.name.replaceWith(field);
    field.select();
  }

  /** Show a block of Z, which sliders are locked, and what the visitor calls them. */
  show(block, locks, names) {
    for (const row of this.rows) {
      const at = dot(block, row.vector), called = names[row.id] ?? row.plain;
      if (row.at === undefined || Math.abs(row.at - at) > 5e-4 || row.name.textContent !== called) this.#place(row, at, called);
      const locked = locks.has(row.id);
      if (row.locked !== locked) {
        row.locked = locked;
        row.input.setAttribute("aria-disabled", String(locked));
        row.lock.setAttribute("aria-pressed", String(locked));
        row.lock.replaceChildren(icon(locked ? LOCK : UNLOCK));
      }
    }
  }

  #place(row, at, called) {
    const text = Math.abs(at) < 0.005 ? "0.00" : at.toFixed(2).replace("-", "\u2212");
    row.at = at;
    setThumb(row.input, at);
    row.output.textContent = text;
    if (row.name.textContent !== called) row.name.textContent = called;
    if (row.r) row.r.textContent = `r ${row.correlation.toFixed(2)}${called === row.plain ? "" : ` with ${row.found}`}`;
    row.input.setAttribute("aria-label", `${this.words.plain}, ${called}`);
    row.input.setAttribute("aria-valuetext", text);
  }

  /** The block with the coordinates that are locked put back to what they were. */
  keepLocked(before, after, locks) {
    return this.rows.filter((row) => locks.has(row.id)).reduce((block, row) => moved(block, row.vector, dot(before, row.vector)), after);
  }
}
