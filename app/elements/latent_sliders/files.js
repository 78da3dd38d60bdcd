// Files that are downloaded, made in the browser: PNG, GIF, WebM.
const SCALE = 8;
const GAP = 16;

/** The pair side by side on one canvas, each pixel enlarged. */
function composed(sources, canvas = document.createElement("canvas")) {
  const height = Math.max(...sources.map((one) => one.height)) * SCALE;
  const width = sources.reduce((sum, one) => sum + (one.width / one.height) * height, 0) + GAP * (sources.length - 1);
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  let x = 0;
  for (const one of sources) {
    const wide = (one.width / one.height) * height;
    context.drawImage(one, x, 0, wide, height);
    x += wide + GAP;
  }
  return canvas;
}

function save(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** At most 256 colours for pixels of several frames, by halving the box of colours that is widest (median cut). */
function palette(frames) {
  const seen = new Map();
  for (const data of frames) {
    for (let i = 0; i < data.length; i += 4) {
      const key = ((data[i] >> 2) << 12) | ((data[i + 1] >> 2) << 6) | (data[i + 2] >> 2);
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  const parts = (key) => [key >> 12, (key >> 6) & 63, key & 63];
  const boxes = [[...seen].map(([key, count]) => ({ key, count, at: parts(key) }))];
  const widest = (box) => [0, 1, 2].map((c) => Math.max(...box.map((one) => one.at[c])) - Math.min(...box.map((one) => one.at[c])));
  const scored = boxes.map((box) => ({ box, spread: widest(box) }));
  while (scored.length < 256) {
    scored.sort((a, b) => Math.max(...b.spread) * b.box.length ** 0.5 - Math.max(...a.spread) * a.box.length ** 0.5);
    const { box, spread } = scored[0];
    if (box.length < 2) break;
    const c = spread.indexOf(Math.max(...spread));
    box.sort((a, b) => a.at[c] - b.at[c]);
    const half = box.length >> 1;
    scored.splice(0, 1, ...[box.slice(0, half), box.slice(half)].map((one) => ({ box: one, spread: widest(one) })));
  }
  const colours = new Uint8Array(768), index = new Map();
  scored.forEach(({ box }, i) => {
    const sum = box.reduce((total, one) => total + one.count, 0);
    for (let c = 0; c < 3; c++) colours[3 * i + c] = (4 * box.reduce((total, one) => total + one.at[c] * one.count, 0)) / sum + 2;
    for (const one of box) index.set(one.key, i);
  });
  return { colours, index };
}

/** The codes of a GIF's frame: Lempel, Ziv and Welch's compression at 8 bits a pixel. */
function compressed(indices) {
  const CLEAR = 256, END = 257;
  const out = [];
  let size = 9, next = END + 1, buffer = 0, filled = 0, table = new Map();
  const emit = (code) => {
    buffer |= code << filled;
    filled += size;
    while (filled >= 8) {
      out.push(buffer & 255);
      buffer >>>= 8;
      filled -= 8;
    }
  };
  emit(CLEAR);
  let prefix = indices[0];
  for (let i = 1; i < indices.length; i++) {
    const key = (prefix << 8) | indices[i], known = table.get(key);
    if (known !== undefined) {
      prefix = known;
      continue;
    }
    emit(prefix);
    if (next === 4096) {
      emit(CLEAR);
      [size, next, table] = [9, END + 1, new Map()];
    } else {
      if (next === 1 << size) size++;
      table.set(key, next++);
    }
    prefix = indices[i];
  }
  emit(prefix);
  emit(END);
  if (filled) out.push(buffer & 255);
  return out;
}

/** A GIF that plays for ever, of frames {width, height, data: RGBA}. */
function gif(frames, hundredths) {
  const { width, height } = frames[0], { colours, index } = palette(frames.map((frame) => frame.data));
  const word = (n) => [n & 255, n >> 8], text = (letters) => [...letters].map((letter) => letter.charCodeAt(0));
  const parts = [[...text("GIF89a"), ...word(width), ...word(height), 0xf7, 0, 0, ...colours], [0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0]];
  for (const { data } of frames) {
    const indices = new Uint8Array(width * height);
    for (let i = 0; i < indices.length; i++) {
      indices[i] = index.get(((data[4 * i] >> 2) << 12) | ((data[4 * i + 1] >> 2) << 6) | (data[4 * i + 2] >> 2));
    }
    const codes = compressed(indices), blocks = [];
    for (let i = 0; i < codes.length; i += 255) blocks.push(Math.min(255, codes.length - i), ...codes.slice(i, i + 255));
    parts.push([0x21, 0xf9, 4, 4, ...word(hundredths), 0, 0, 0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0, 8, ...blocks, 0]);
  }
  return new Blob([...parts.map((part) => Uint8Array.from(part)), Uint8Array.of(0x3b)], { type: "image/gif" });
}

/** A film of a canvas that `paint` paints, frame by frame; WebM where the browser can record. */
async function film(canvas, frames, rate, paint) {
  const recorder = new MediaRecorder(canvas.captureStream(rate), { mimeType: "video/webm", videoBitsPerSecond: 4_000_000 });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise((done) => { recorder.onstop = done; });
  recorder.start();
  for (let i = 0; i < frames; i++) {
    await paint(i);
    await new Promise((next) => setTimeout(next, 1000 / rate));
  }
  recorder.stop();
  await stopped;
  return new Blob(parts, { type: "video/webm" });
}
