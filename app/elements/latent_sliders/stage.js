// The pictures: the pair that is moved, and the same styles in all ten digits.

/** Paint RGBA pixels, picture `index` of several, as they are. */
function put(canvas, pixels, [, height, width], index = 0) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const area = 4 * height * width;
  canvas.getContext("2d").putImageData(new ImageData(pixels.subarray(index * area, (index + 1) * area), width, height), 0, 0);
}

/** Take a picture away; its place stays. */
function wipe(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

function percent(share) {
  return Math.round(100 * share);
}

/** The place of a picture of each modality, with its title and what its judge reads. */
function pictured(modalities, titles) {
  return modalities.map((name, i) => {
    const canvas = element("canvas", { role: "img" });
    const read = element("span", { class: "read" }, "\u00a0");
    const caption = element("figcaption", {}, [element("b", {}, titles[name]), read]);
    return { name, title: titles[name], canvas, read, box: element("figure", { class: `picture a${i}` }, [canvas, caption]) };
  });
}

/** Show pictures that the server decoded, tiles by modality, on canvases by modality until `live` says there are newer ones. */
async function showStored(tiles, canvases, live) {
  const loaded = await loadTiles(tiles);
  if (live()) return;
  for (const [name, { image, width, height }] of Object.entries(loaded)) {
    for (const canvas of canvases(name)) {
      Object.assign(canvas, { width, height });
      canvas.getContext("2d").drawImage(image, 0, 0);
    }
  }
  performance.mark("mfm-stored-picture");
}

/** Show what a judge reads from a picture, probabilities; the place of the digit that it reads. */
function showJudged(picture, judged, digits) {
  const top = best(judged);
  picture.read.textContent = `judge: ${digits[top]} \u00b7 ${percent(judged[top])} %`;
  return top;
}

class Stage {
  constructor(modalities, titles, digits) {
    this.digits = digits;
    this.pictures = pictured(modalities, titles);
    this.bars = chart(digits.length, 64, digits.length <= 10);
    this.says = element("p", { class: "says" });
    this.counted = element("p", { class: "counted" });
    const head = element("h3", {}, rich("The label head, from F_y"));
    this.words = element("div", { class: "words" }, [head, this.bars.svg, this.says, this.counted]);
    const pictures = element("div", { class: "pictures" }, this.pictures.map((one) => one.box));
    this.box = element("div", { class: "stage" }, [pictures, this.words]);
  }

  /** Show nothing, for another model is shown. */
  forget() {
    this.text = null;
    this.bars.set(this.digits.map(() => 0));
    this.says.replaceChildren("\u00a0");
    for (const { title, canvas, read } of this.pictures) {
      wipe(canvas);
      canvas.setAttribute("aria-label", title);
      read.textContent = "\u00a0";
    }
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

  /** Tell at how many settings of a style the judges, by the titles of what they read, saw the label stay. */
  count(stayed, judged, { meaning, noun }) {
    const n = stayed.length, of = judged.length < this.pictures.length ? ` of ${judged.join(" and ")}` : "";
    const always = `It names a ${noun} of anything: a picture that shows none any more may count as unchanged.`;
    const counted = () => ["Style moved: ", element("b", {}, `label unchanged at ${stayed.filter(Boolean).length} of your last ${n} ${n === 1 ? "setting" : "settings"}`), `, one for each time you let go, as an independent judge reads them. ${always}`];
    const asked = judged.length
      ? `Slide a Z_a: each time you let go, an independent judge reads whether in your picture${of} ${meaning} stays. ${always}`
      : "No independent judge is stored for the pictures of this model, so none is read and nothing is counted.";
    this.counted.replaceChildren(...(n ? counted() : rich(asked)));
  }

  /** Show what a judge read from a picture: probabilities. */
  read(name, judged) {
    return showJudged(this.pictures.find((one) => one.name === name), judged, this.digits);
  }
}

/** Paint pictures `from` to `to` of several side by side: one canvas, for each is a layer that the browser composes. */
function putRow(canvas, pixels, [, height, width], from, to) {
  const wide = (to - from) * width, area = 4 * height * width;
  if (canvas.width !== wide || canvas.height !== height) Object.assign(canvas, { width: wide, height });
  const context = canvas.getContext("2d");
  for (let i = from; i < to; i++) {
    context.putImageData(new ImageData(pixels.subarray(i * area, (i + 1) * area), width, height), (i - from) * width, 0);
  }
}

/** Pairs in several digits, in two halves that stand beside or below each other: a canvas a modality in each. */
class Row {
  constructor(modalities, n, under) {
    const middle = Math.ceil(n / 2);
    this.halves = [[0, middle], [middle, n]].filter(([from, to]) => to > from).map(([from, to]) => {
      const canvases = Object.fromEntries(modalities.map((name, i) => [name, element("canvas", { style: `grid-row: ${i + 1}` })]));
      under.slice(from, to).forEach((one, i) => { one.style.gridColumn = i + 1; });
      const box = element("div", { class: "half", style: `--digits: ${to - from}; --rows: ${modalities.length}` }, [...Object.values(canvases), ...under.slice(from, to)]);
      return { from, to, canvases, box };
    });
    this.box = element("div", { class: "ten" }, this.halves.map((half) => half.box));
  }

  get canvases() { return this.halves.flatMap((half) => Object.values(half.canvases)); }

  show(pixels, shapes) {
    for (const { from, to, canvases } of this.halves) {
      for (const [name, data] of Object.entries(pixels)) putRow(canvases[name], data, shapes[name], from, to);
    }
  }
}

/** Rows of ten pairs: the same styles in every digit. */
class Strip {
  constructor(modalities, titles, digits, noun, onPick) {
    Object.assign(this, { modalities, digits, noun });
    this.cells = digits.map((digit, k) => {
      const cell = element("button", { type: "button", class: "cell", title: `Z_y of ${digit}, this style` }, digit);
      cell.setAttribute("aria-label", `Set Z_y to the mean of ${noun} ${digit}`);
      cell.addEventListener("click", () => onPick(k));
      return cell;
    });
    this.row = new Row(modalities, digits.length, this.cells);
    this.more = element("div", { class: "more" });
    this.box = element("div", { class: "strip" }, [this.row.box, this.more]);
  }

  show(pixels, shapes) {
    this.row.show(pixels, shapes);
  }

  /** Show nothing, for another model is shown. */
  forget() {
    this.row.canvases.forEach(wipe);
    this.more.replaceChildren();
    this.mark(undefined);
  }

  mark(digit) {
    if (digit === this.marked) return;
    this.marked = digit;
    this.cells.forEach((cell, k) => cell.setAttribute("aria-pressed", String(k === digit)));
  }

  /** A further row, of another style. */
  add(pixels, shapes, about) {
    const row = new Row(this.modalities, this.digits.length, []);
    row.box.setAttribute("role", "img");
    row.box.setAttribute("aria-label", `${about}, with ${this.noun} ${this.digits[0]} to ${this.digits.at(-1)}`);
    row.show(pixels, shapes);
    this.more.append(row.box);
  }
}
