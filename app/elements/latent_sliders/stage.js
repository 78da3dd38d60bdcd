// The pictures: the pair that is moved, and the same styles in all ten digits.

/** Paint RGBA pixels, picture `index` of several, as they are. */
function put(canvas, pixels, [, height, width], index = 0) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const area = 4 * height * width;
  canvas.getContext("2d").putImageData(new ImageData(pixels.subarray(index * area, (index + 1) * area), width, height), 0, 0);
}

function percent(share) {
  return Math.round(100 * share);
}

class Stage {
  constructor(modalities, titles, digits) {
    this.digits = digits;
    this.pictures = modalities.map((name, i) => {
      const canvas = element("canvas", { role: "img" });
      const read = element("span", { class: "read" }, "\u00a0");
      const caption = element("figcaption", {}, [element("b", {}, titles[name]), read]);
      return { name, title: titles[name], canvas, read, box: element("figure", { class: `picture a${i}` }, [canvas, caption]) };
    });
    this.bars = chart(digits.length, 64, digits.length <= 10);
    this.says = element("p", { class: "says" });
    this.counted = element("p", { class: "counted" });
    const head = element("h3", {}, rich("What D reads from F_y"));
    this.words = element("div", { class: "words" }, [head, this.bars.svg, this.says, this.counted]);
    const pictures = element("div", { class: "pictures" }, this.pictures.map((one) => one.box));
    this.box = element("div", { class: "stage" }, [pictures, this.words]);
  }

  /** Show pictures by modality, and what the label head says: probabilities. */
  show(pixels, shapes, label) {
    const top = best(label), sure = percent(label[top]), text = label.map((p) => p.toFixed(3)).join(" ");
    for (const { name, canvas } of this.pictures) if (pixels[name]) put(canvas, pixels[name], shapes[name]);
    if (text === this.text) return { top, sure }; // a style was moved
    this.text = text;
    this.bars.set(label.map((p) => 100 * p));
    this.says.replaceChildren("The label head says ", element("b", {}, this.digits[top]), `, ${sure} %`);
    for (const { title, canvas } of this.pictures) canvas.setAttribute("aria-label", `${title}, generated; the label head says ${this.digits[top]}`);
    return { top, sure };
  }

  /** Show what a judge read from a picture: probabilities. */
  read(name, judged) {
    const top = best(judged);
    this.pictures.find((one) => one.name === name).read.textContent = `judge: ${this.digits[top]} \u00b7 ${percent(judged[top])} %`;
    return top;
  }
}

/** Rows of ten pairs: the same styles in every digit. */
class Strip {
  constructor(modalities, titles, digits, onPick) {
    this.modalities = modalities;
    this.digits = digits;
    this.cells = digits.map((digit, k) => {
      const canvases = modalities.map(() => element("canvas"));
      const cell = element("button", { type: "button", class: "cell", title: `Z_y of ${digit}, this style` }, [...canvases, element("span", {}, digit)]);
      cell.setAttribute("aria-label", `Set Z_y to the mean of digit ${digit}`);
      cell.addEventListener("click", () => onPick(k));
      return { canvases, cell };
    });
    this.more = element("div", { class: "more" });
    this.box = element("div", { class: "strip" }, [element("div", { class: "ten" }, this.cells.map((one) => one.cell)), this.more]);
  }

  show(pixels, shapes) {
    for (const [name, data] of Object.entries(pixels)) {
      const place = this.modalities.indexOf(name);
      this.cells.forEach(({ canvases }, k) => put(canvases[place], data, shapes[name], k));
    }
  }

  mark(digit) {
    this.cells.forEach(({ cell }, k) => cell.setAttribute("aria-pressed", String(k === digit)));
  }

  /** A further row, of another style. */
  add(pixels, shapes, about) {
    const cells = this.digits.map((digit, k) => {
      const canvases = this.modalities.map((name) => {
        const canvas = element("canvas");
        put(canvas, pixels[name], shapes[name], k);
        return canvas;
      });
      return element("div", { class: "cell", role: "img", "aria-label": `${about}, digit ${digit}` }, canvases);
    });
    this.more.append(element("div", { class: "ten" }, cells));
  }
}
