// What the sliders set, as values: blocks of Z, coordinates along directions, the digit wheel, and the link.
const STEPS = 1024; // to a unit of Z: what a link carries is exactly what was decoded
const MOST = 31;

function settled(block) {
  return Float32Array.from(block, (x) => Math.min(Math.max(Math.round(x * STEPS) / STEPS, -MOST), MOST));
}

function settledAll(z) {
  return Object.fromEntries(Object.entries(z).map(([factor, block]) => [factor, settled(block)]));
}

/** Whether two states are the same in every block of Z. */
function alike(one, other) {
  return Object.entries(one).every(([factor, block]) => block.every((x, i) => x === other[factor][i]));
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The block moved along a direction until its coordinate there is `wanted`. */
function moved(block, vector, wanted) {
  const amount = wanted - dot(block, vector);
  return block.map((x, i) => x + amount * vector[i]);
}

function between(a, b, t) {
  return a.map((x, i) => (1 - t) * x + t * b[i]);
}

/** All blocks, one after the other, as letters of a link. */
function toLetters(z, sizes) {
  const whole = Object.keys(sizes).flatMap((factor) => [...z[factor]]);
  const bytes = new DataView(new ArrayBuffer(2 * whole.length));
  whole.forEach((x, i) => bytes.setInt16(2 * i, Math.round(x * STEPS), true));
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The blocks of a link's letters; null where they are not of this model. */
function fromLetters(text, sizes) {
  let letters;
  try {
    letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
  const count = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  if (letters.length !== 2 * count) return null;
  const bytes = new DataView(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)).buffer);
  let at = 0;
  const block = (size) => Float32Array.from({ length: size }, () => bytes.getInt16(2 * at++, true) / STEPS);
  return Object.fromEntries(Object.entries(sizes).map(([factor, size]) => [factor, block(size)]));
}

/** Where digit k of n stands on a wheel of radius 1, the first at the top. */
function station(k, n) {
  const angle = (2 * Math.PI * k) / n - Math.PI / 2;
  return [Math.cos(angle), Math.sin(angle)];
}

/** Weights of points by nearness (Shepard's interpolation): all of the weight on a point that is met exactly. */
function nearness(distances, power) {
  const met = distances.findIndex((distance) => distance < 1e-6);
  if (met >= 0) return distances.map((_, k) => (k === met ? 1 : 0));
  const weights = distances.map((distance) => distance ** -power);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Z_y at a place on the wheel: the mean Z_y of the digits, weighted by nearness. */
function fromWheel([x, y], means) {
  const weights = nearness(means.map((_, k) => Math.hypot(...station(k, means.length).map((at, i) => at - [x, y][i]))), 4);
  return means[0].map((_, i) => means.reduce((sum, mean, k) => sum + weights[k] * mean[i], 0));
}

/** The place on the wheel nearest in meaning to a Z_y. */
function toWheel(block, means) {
  const weights = nearness(means.map((mean) => Math.hypot(...mean.map((x, i) => x - block[i]))), 4);
  return [0, 1].map((i) => weights.reduce((sum, weight, k) => sum + weight * station(k, means.length)[i], 0));
}

/** Standard normal numbers, the same for the same seed (mulberry32, Box and Muller). */
function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return (count) =>
    Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** What the visitor calls directions, as text of a link: "svhn-3~smoke~y-1~round". */
function namesToText(names) {
  return Object.entries(names).flat().join("~");
}

function namesFromText(text) {
  const parts = text.split("~");
  const names = {};
  for (let i = 0; i + 1 < parts.length; i += 2) if (parts[i + 1]) names[parts[i]] = parts[i + 1].slice(0, 24);
  return names;
}

function softmax(logits) {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}
