// What is told of the node that is looked at: its equation, its tensor as it is now, one sentence, and where it is played with.

/** An equation: letters in italics, x^ with a hat, what follows _ below the line; the rest as it is. */
function formula(text) {
  const parts = text.split(/(_\{[^}]*\}|_[A-Za-z0-9]|[A-Za-z]\^?)/).filter(Boolean);
  return parts.map((part) => {
    if (part[0] === "_") return element("sub", {}, part.replace(/[_{}]/g, ""));
    return /^[A-Za-z]/.test(part) ? element("i", {}, part.replace("^", "\u0302")) : part;
  });
}

const rounded = (x) => x.toFixed(2).replace("-", "\u2212");

class Panel {
  constructor(nodes, digits, go) {
    Object.assign(this, { nodes, digits });
    this.title = element("h3");
    this.equation = element("p", { class: "equation" });
    this.sentence = element("p");
    this.shape = element("p", { class: "shape" });
    this.strip = element("canvas", { class: "strip", role: "img" });
    this.bars = chart(digits.length, 34, digits.length <= 10);
    this.button = element("button", { type: "button", class: "go" });
    this.button.addEventListener("click", () => go(this.id));
    const values = element("div", { class: "values" }, [this.shape, this.strip, this.bars.svg]);
    const words = element("div", { class: "saying" }, [this.title, this.equation, this.sentence, this.button]);
    this.box = element("section", { class: "told", "aria-label": "The node that is looked at" }, [words, values]);
  }

  /** Tell of a node: `held` is what it holds now, {shape, numbers, pixels, label}. */
  tell(id, held) {
    const told = this.nodes[id];
    if (this.id !== id) {
      this.id = id;
      this.title.replaceChildren(...rich(told.title));
      this.equation.replaceChildren(...formula(told.equation), element("span", { class: "where" }, told.where));
      this.sentence.replaceChildren(...rich(told.sentence));
      this.button.replaceChildren(`Play with it: ${told.page}`);
      this.box.className = `told ${told.hue}`;
    }
    this.hold(held);
  }

  /** Show what the node holds now. */
  hold(held) {
    const { strip } = this, { label, numbers, pixels } = held ?? {};
    this.bars.svg.toggleAttribute("hidden", !label);
    strip.toggleAttribute("hidden", !numbers && !pixels);
    this.shape.replaceChildren(...rich(held?.text ?? "no values: nothing has been decoded here"));
    if (label) this.bars.set(label.map((p) => 100 * p));
    if (pixels) {
      strip.className = "strip picture";
      put(strip, pixels, held.shape);
    } else if (numbers) {
      strip.className = "strip numbers";
      this.#draw(numbers);
    }
    strip.setAttribute("aria-label", held?.text ?? "");
  }

  /** One bar a number, up or down from the middle. */
  #draw(numbers) {
    const { strip } = this, dense = window.devicePixelRatio || 1, wide = strip.clientWidth || 240, high = strip.clientHeight || 64;
    Object.assign(strip, { width: wide * dense, height: high * dense });
    const context = strip.getContext("2d"), style = getComputedStyle(strip);
    const most = Math.max(3, ...numbers.map(Math.abs)), step = wide / numbers.length;
    context.scale(dense, dense);
    context.fillStyle = style.borderTopColor;
    context.fillRect(0, high / 2 - 0.5, wide, 1);
    context.fillStyle = style.color;
    numbers.forEach((x, i) => context.fillRect(i * step + 0.15 * step, high / 2, 0.7 * step, (-x / most) * (high / 2 - 1)));
  }
}
