// A worker that decodes: loads models and judges by key, and answers one message after the other.
const models = new Map();
const judges = new Map();

/** One picture (channels, height, width) in [0, 1] as RGBA. */
function toPixels(data, start, [channels, height, width], pixels, at) {
  const area = height * width;
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) pixels[at + 4 * i + c] = Math.round(255 * data[start + (channels === 3 ? c * area : 0) + i]);
    pixels[at + 4 * i + 3] = 255;
  }
}

/** All pictures of a modality as RGBA, one after the other. */
function allPixels(data, n, shape) {
  const size = shape[0] * shape[1] * shape[2], area = 4 * shape[1] * shape[2];
  const pixels = new Uint8ClampedArray(n * area);
  for (let i = 0; i < n; i++) toPixels(data, i * size, shape, pixels, i * area);
  return pixels;
}

const ANSWERS = {
  load({ key, description, buffer, modalities }) {
    models.set(key, new GenerativeHalf(description, buffer, true, modalities));
    return { simd: models.get(key).networks.arena.simd };
  },

  judge({ key, modality, description, buffer }) {
    if (!judges.has(key)) judges.set(key, {});
    judges.get(key)[modality] = new Networks(description, buffer);
    return {};
  },

  decode({ key, n, z, read }) {
    const model = models.get(key);
    const { label, pictures, factors } = model.decode(n, z);
    const answer = { label, factors, pixels: {}, read: {} };
    for (const [name, data] of Object.entries(pictures)) {
      const shape = model.description.shapes[name];
      answer.pixels[name] = allPixels(data, n, shape);
      const judge = read ? judges.get(key)?.[name] : undefined;
      if (judge) answer.read[name] = judge.run("judge", { n, shape, data }).data;
    }
    return answer;
  },
};

self.onmessage = ({ data: { id, kind, ...rest } }) => {
  try {
    const answer = ANSWERS[kind](rest);
    const moved = Object.values(answer.pixels ?? {}).map((pixels) => pixels.buffer);
    self.postMessage({ id, answer }, moved);
  } catch (error) {
    self.postMessage({ id, error: String(error?.message ?? error) });
  }
};
