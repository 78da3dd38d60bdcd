// The layers of MFM's generative half on typed arrays: what a worker runs. It needs no page, no library and no server.
// Its input is the description and the safetensors file that mfm_core/storage/browser.py writes.

const upTo = (count, step) => step * Math.ceil(count / step);

/** Networks of one file, ready to run: weights are laid out once, rows padded with zeros. */
class Networks {
  constructor(description, buffer, simd = true) {
    this.arena = new Arena(simd);
    this.tensors = readSafetensors(buffer);
    this.networks = {};
    for (const [name, layers] of Object.entries(description.networks)) this.networks[name] = layers.map((one) => this.lay(one));
    this.tensors = null; // all of them lie in the arena or beside their layer now
  }

  tensor(name) {
    const found = this.tensors[name];
    if (!found) throw new Error(`${name}: expected it among the weights`);
    return found;
  }

  lay(layer) {
    const laid = { ...layer };
    if (layer.op === "residual") laid.layers = layer.layers.map((one) => this.lay(one));
    else if (layer.op === "layer_norm") Object.assign(laid, { weight: this.tensor(layer.weight).data, bias: this.tensor(layer.bias).data });
    else if (layer.op === "channel_affine") Object.assign(laid, { scale: this.tensor(layer.scale).data, shift: this.tensor(layer.shift).data });
    else if (layer.op === "linear" || layer.op === "convolution") {
      const { shape } = this.tensor(layer.weight), data = channelsLast(this.tensor(layer.weight));
      const length = data.length / shape[0], padded = upTo(length, 4), rows = upTo(shape[0], 4);
      const place = this.arena.take(rows * padded), bias = this.arena.take(rows);
      for (let row = 0; row < shape[0]; row++) {
        this.arena.numbers.set(data.subarray(row * length, (row + 1) * length), place + row * padded);
      }
      if (layer.bias) this.arena.numbers.set(this.tensor(layer.bias).data, bias);
      Object.assign(laid, { place, bias, rows, outputs: shape[0], length, padded, kernel: shape[2] ?? 1, inputs: shape[1] });
    } else if (!RUN[layer.op]) throw new Error(`${layer.op}: expected one of ${Object.keys(RUN).join(", ")}`);
    return laid;
  }

  /** Run a network on n samples: {n, shape, data} -> the same. */
  run(name, value) {
    return this.networks[name].reduce((x, layer) => RUN[layer.op](x, layer, this.arena), value);
  }
}

/** Weights of a convolution as (n_out, k, k, n_in), those of a linear layer as they are. */
function channelsLast({ shape: [outputs, inputs, kernel], data }) {
  if (kernel === undefined) return data;
  const turned = new Float32Array(data.length), area = kernel * kernel;
  for (let o = 0, at = 0; o < outputs; o++) {
    for (let k = 0; k < area; k++) for (let c = 0; c < inputs; c++) turned[at++] = data[(o * inputs + c) * area + k];
  }
  return turned;
}

function silu(value) {
  const { data: x } = value, data = new Float32Array(x.length);
  for (let i = 0; i < data.length; i++) data[i] = x[i] / (1 + Math.exp(-x[i]));
  return { ...value, data };
}

function sigmoid(value) {
  const { data: x } = value, data = new Float32Array(x.length);
  for (let i = 0; i < data.length; i++) data[i] = 1 / (1 + Math.exp(-x[i]));
  return { ...value, data };
}

function linear(value, layer, arena) {
  const { n } = value, size = value.data.length / n, samples = upTo(n, 2);
  const patches = arena.scratch("patches", samples * layer.padded), out = arena.scratch("out", layer.rows * samples);
  if (size !== layer.length) throw new Error(`linear: expected ${layer.length} numbers, got ${size}`);
  arena.numbers.fill(0, patches, patches + samples * layer.padded);
  for (let i = 0; i < n; i++) arena.numbers.set(value.data.subarray(i * size, (i + 1) * size), patches + i * layer.padded);
  arena.multiply(layer.place, patches, out, layer.bias, layer.rows, samples, layer.padded);
  const data = new Float32Array(n * layer.outputs), numbers = arena.numbers;
  for (let o = 0; o < layer.outputs; o++) for (let i = 0; i < n; i++) data[i * layer.outputs + o] = numbers[out + o * samples + i];
  return { n, shape: [layer.outputs], data };
}

/**
 * Gather the patch of every pixel of one picture, beyond whose border there is nothing. The picture is framed and turned
 * channels last, so that each row of a patch is copied at once.
 */
function gather(arena, patches, picture, layer, channels, height, width, high, wide) {
  const { kernel, stride, padding, padded } = layer, broad = width + 2 * padding, run = kernel * channels;
  const count = channels * (height + 2 * padding) * broad, framed = arena.scratch("framed", count), { numbers } = arena;
  numbers.fill(0, framed, framed + count);
  for (let c = 0, from = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      let at = framed + ((y + padding) * broad + padding) * channels + c;
      for (let x = 0; x < width; x++, at += channels) numbers[at] = picture[from++];
    }
  }
  for (let y = 0, at = patches; y < high; y++) {
    for (let x = 0; x < wide; x++, at += padded) {
      let from = framed + (y * stride * broad + x * stride) * channels;
      for (let row = 0; row < kernel; row++, from += broad * channels) numbers.copyWithin(at + row * run, from, from + run);
      numbers.fill(0, at + layer.length, at + padded);
    }
  }
}

function convolution(value, layer, arena) {
  const { n, shape: [channels, height, width] } = value, { kernel, stride, padding, outputs } = layer;
  const high = Math.floor((height + 2 * padding - kernel) / stride) + 1, wide = Math.floor((width + 2 * padding - kernel) / stride) + 1;
  const pixels = high * wide, even = upTo(pixels, 2), size = channels * height * width;
  const patches = arena.scratch("patches", even * layer.padded), out = arena.scratch("out", layer.rows * even);
  arena.scratch("framed", channels * (height + 2 * padding) * (width + 2 * padding)); // before `numbers` are looked at
  const data = new Float32Array(n * outputs * pixels);
  for (let i = 0; i < n; i++) {
    gather(arena, patches, value.data.subarray(i * size, (i + 1) * size), layer, channels, height, width, high, wide);
    arena.multiply(layer.place, patches, out, layer.bias, layer.rows, even, layer.padded);
    for (let o = 0; o < outputs; o++) {
      data.set(arena.numbers.subarray(out + o * even, out + o * even + pixels), (i * outputs + o) * pixels);
    }
  }
  return { n, shape: [outputs, high, wide], data };
}

function layerNorm(value, layer) {
  const { n } = value, size = value.data.length / n, data = new Float32Array(value.data.length);
  for (let start = 0; start < data.length; start += size) {
    let sum = 0, squares = 0;
    for (let i = start; i < start + size; i++) sum += value.data[i];
    const mean = sum / size;
    for (let i = start; i < start + size; i++) squares += (value.data[i] - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / size + layer.eps);
    for (let i = 0; i < size; i++) data[start + i] = (value.data[start + i] - mean) * scale * layer.weight[i] + layer.bias[i];
  }
  return { ...value, data };
}

function pixelShuffle(value, layer) {
  const { n, shape: [channels, height, width] } = value, { height: high, width: wide } = layer;
  const data = new Float32Array((n * channels * high * wide) / 4);
  let at = 0;
  for (let c = 0; c < (n * channels) / 4; c++) {
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < wide; x++) {
        const from = 4 * c + 2 * (y & 1) + (x & 1);
        data[at++] = value.data[(from * height + (y >> 1)) * width + (x >> 1)];
      }
    }
  }
  return { n, shape: [channels / 4, high, wide], data };
}

function neighbourMean(value) {
  const { n, shape: [channels, height, width] } = value, data = new Float32Array(value.data.length);
  let at = 0;
  for (let c = 0; c < n * channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = (c * height + y) * width, above = (c * height + Math.max(y - 1, 0)) * width;
      for (let x = 0; x < width; x++) {
        const left = Math.max(x - 1, 0);
        data[at++] = (value.data[row + x] + value.data[row + left] + value.data[above + x] + value.data[above + left]) / 4;
      }
    }
  }
  return { ...value, data };
}

function channelAffine(value, layer) {
  const data = new Float32Array(value.data.length), channels = layer.scale.length, size = data.length / (value.n * channels);
  for (let i = 0; i < data.length; i++) {
    const c = Math.floor(i / size) % channels;
    data[i] = value.data[i] * layer.scale[c] + layer.shift[c];
  }
  return { ...value, data };
}

function residual(value, layer, arena) {
  const branch = layer.layers.reduce((x, one) => RUN[one.op](x, one, arena), value);
  for (let i = 0; i < branch.data.length; i++) branch.data[i] += value.data[i];
  return branch;
}

const RUN = {
  linear,
  convolution,
  layer_norm: layerNorm,
  channel_affine: channelAffine,
  affine: (value, layer) => ({ ...value, data: value.data.map((x) => layer.scale * x + layer.shift) }),
  silu,
  sigmoid,
  reshape: (value, layer) => ({ ...value, shape: layer.shape }),
  pixel_shuffle: pixelShuffle,
  neighbour_mean: neighbourMean,
  residual,
};

/** The generative half of one MFM: Z -> pictures and what the label head says. */
class GenerativeHalf {
  constructor(description, buffer, simd = true) {
    this.description = description;
    this.networks = new Networks(description, buffer, simd);
  }

  /**
   * Decode n samples.
   *
   * z: {y: Float32Array(n * d_y), a: {name: Float32Array(n * d_a)}}; only the modalities in z.a are decoded.
   * Returns {label: Float32Array(n * size) logits or scores, pictures: {name: Float32Array(n * channels * height * width)},
   * factors: {y: Float32Array(n * d_y), name: ...}}.
   */
  decode(n, z) {
    const { networks } = this;
    const factor = networks.run("g_y", { n, shape: [this.description.sizes.y], data: z.y });
    const pictures = {}, factors = { y: factor.data };
    for (const [name, data] of Object.entries(z.a)) {
      const own = networks.run(`g_a.${name}`, { n, shape: [this.description.sizes[name]], data });
      factors[name] = own.data;
      pictures[name] = networks.run(`decoders.${name}`, joined(n, own.data, factor.data)).data;
    }
    return { label: networks.run("label_head", factor).data, pictures, factors };
  }
}

/** [F_a, F_y] of every sample. */
function joined(n, own, shared) {
  const first = own.length / n, second = shared.length / n, data = new Float32Array(own.length + shared.length);
  for (let i = 0; i < n; i++) {
    data.set(own.subarray(i * first, (i + 1) * first), i * (first + second));
    data.set(shared.subarray(i * second, (i + 1) * second), i * (first + second) + first);
  }
  return { n, shape: [first + second], data };
}
