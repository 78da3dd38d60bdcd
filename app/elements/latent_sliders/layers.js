// The layers of MFM's generative half on typed arrays: what a worker runs. It needs no page, no library and no server.
// Its input is the description and the safetensors file that mfm_core/storage/browser.py writes.
// Within a network a picture lies channels last; what goes in and comes out has its channels first, as in PyTorch.

/** Networks of one file, ready to run, all or those that are `wanted`: weights are laid out once, rows padded with zeros. */
class Networks {
  constructor(description, buffer, simd = true, wanted = Object.keys(description.networks)) {
    this.arena = new Arena(simd);
    this.tensors = readSafetensors(buffer);
    this.networks = {};
    for (const name of wanted) this.networks[name] = description.networks[name].map((one) => this.lay(one));
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
      const { shape: [outputs, inputs, kernel = 1], data } = this.tensor(layer.weight);
      const channels = upTo(inputs, INPUTS), rows = kernel, run = kernel * channels, groups = Math.ceil(outputs / OUTPUTS);
      const weights = this.arena.take(groups * OUTPUTS * rows * run), bias = this.arena.take(groups * OUTPUTS);
      this.arena.numbers.set(inGroups(data, outputs, inputs, kernel, channels), weights);
      if (layer.bias) this.arena.numbers.set(this.tensor(layer.bias).data, bias);
      Object.assign(laid, { weights, bias, outputs, inputs, channels, kernel, rows, run, groups });
    } else if (!RUN[layer.op]) throw new Error(`${layer.op}: expected one of ${Object.keys(RUN).join(", ")}`);
    return laid;
  }

  /** Run a network on n samples: {n, shape, data} -> the same. */
  run(name, value) {
    return channelsFirst(this.networks[name].reduce((x, layer) => RUN[layer.op](x, layer, this.arena), channelsLast(value)));
  }
}

/** Weights (n_out, n_in, k, k) as (groups, k, k, channels, 8): channels last, eight outputs together, padded with zeros. */
function inGroups(data, outputs, inputs, kernel, channels) {
  const area = kernel * kernel, laid = new Float32Array(upTo(outputs, OUTPUTS) * area * channels);
  for (let o = 0, from = 0; o < outputs; o++) {
    const start = Math.floor(o / OUTPUTS) * area * channels * OUTPUTS + (o % OUTPUTS);
    for (let c = 0; c < inputs; c++) for (let k = 0; k < area; k++) laid[start + (k * channels + c) * OUTPUTS] = data[from++];
  }
  return laid;
}

/** Each sample, rows times columns, with rows and columns changed for each other. */
function turned({ n, shape, data }, rows, columns) {
  const out = new Float32Array(data.length);
  for (let i = 0, at = 0; i < n; i++) {
    for (let c = 0, start = i * rows * columns; c < columns; c++) for (let r = 0; r < rows; r++) out[at++] = data[start + r * columns + c];
  }
  return { n, shape, data: out };
}

const channelsLast = (value) => (value.shape.length < 3 ? value : turned(value, value.shape[0], value.shape[1] * value.shape[2]));
const channelsFirst = (value) => (value.shape.length < 3 ? value : turned(value, value.shape[1] * value.shape[2], value.shape[0]));

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
  const { n, data } = channelsFirst(value), { channels, groups, outputs } = layer, size = data.length / n;
  const wide = n === 1 ? 1 : upTo(n, 4), outStep = groups * OUTPUTS;
  if (size !== layer.inputs) throw new Error(`linear: expected ${layer.inputs} numbers, got ${size}`);
  const input = arena.scratch("input", wide * channels), out = arena.scratch("out", wide * outStep), { numbers } = arena;
  numbers.fill(0, input, input + wide * channels);
  for (let i = 0; i < n; i++) numbers.set(data.subarray(i * size, (i + 1) * size), input + i * channels);
  arena.convolve({ ...layer, input, out, rowStep: 0, high: 1, wide, lineStep: 0, pixelStep: channels, outStep });
  const answer = new Float32Array(n * outputs);
  for (let i = 0; i < n; i++) answer.set(numbers.subarray(out + i * outStep, out + i * outStep + outputs), i * outputs);
  return { n, shape: [outputs], data: answer };
}

function convolution(value, layer, arena) {
  const { n, shape: [own, height, width], data } = value, { kernel, stride, padding, channels, groups, outputs } = layer;
  const high = Math.floor((height + 2 * padding - kernel) / stride) + 1, across = Math.floor((width + 2 * padding - kernel) / stride) + 1;
  const wide = upTo(across, 4), broad = (width + 2 * padding) * channels, outStep = groups * OUTPUTS;
  // The pixels by which `wide` is more than the width read beyond the frame and are not looked at.
  const framed = (height + 2 * padding) * broad, beyond = (4 * stride + kernel) * channels;
  const input = arena.scratch("input", framed + beyond), out = arena.scratch("out", high * wide * outStep), { numbers } = arena;
  const answer = new Float32Array(n * high * across * outputs);
  numbers.fill(0, input, input + framed + beyond);
  for (let i = 0, at = 0; i < n; i++) {
    for (let y = 0, from = i * own * height * width; y < height; y++) {
      const line = input + (y + padding) * broad + padding * channels;
      if (own === channels) numbers.set(data.subarray(from, (from += width * own)), line);
      else for (let x = 0; x < width; x++) numbers.set(data.subarray(from, (from += own)), line + x * channels);
    }
    arena.convolve({ ...layer, input, out, rowStep: broad, high, wide, lineStep: stride * broad, pixelStep: stride * channels, outStep });
    for (let y = 0; y < high; y++) {
      const line = out + y * wide * outStep;
      if (outputs === outStep) answer.set(numbers.subarray(line, line + across * outputs), at);
      else for (let x = 0; x < across; x++) answer.set(numbers.subarray(line + x * outStep, line + x * outStep + outputs), at + x * outputs);
      at += across * outputs;
    }
  }
  return { n, shape: [outputs, high, across], data: answer };
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
  const { n, shape: [four, height, width] } = value, { height: high, width: wide } = layer, channels = four / 4;
  const data = new Float32Array(n * channels * high * wide);
  for (let i = 0, at = 0; i < n; i++) {
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < wide; x++) {
        const from = ((i * height + (y >> 1)) * width + (x >> 1)) * four + 2 * (y & 1) + (x & 1);
        for (let c = 0; c < channels; c++) data[at++] = value.data[from + 4 * c];
      }
    }
  }
  return { n, shape: [channels, high, wide], data };
}

function neighbourMean({ n, shape, data: from }) {
  const [channels, height, width] = shape, data = new Float32Array(from.length);
  for (let i = 0, at = 0; i < n; i++) {
    for (let y = 0; y < height; y++) {
      const row = (i * height + y) * width * channels, above = y ? row - width * channels : row;
      for (let x = 0; x < width; x++) {
        const left = Math.max(x - 1, 0) * channels, here = row + x * channels, over = above + x * channels;
        for (let c = 0; c < channels; c++) data[at++] = (from[here + c] + from[row + left + c] + from[over + c] + from[above + left + c]) / 4;
      }
    }
  }
  return { n, shape, data };
}

function channelAffine(value, layer) {
  const data = new Float32Array(value.data.length), channels = layer.scale.length;
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) data[i + c] = value.data[i + c] * layer.scale[c] + layer.shift[c];
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
  reshape: (value, layer) => channelsLast({ ...value, shape: layer.shape }),
  pixel_shuffle: pixelShuffle,
  neighbour_mean: neighbourMean,
  residual,
};

/** The generative half of one MFM, of all modalities or of those that are named: Z -> pictures and what the label head says. */
class GenerativeHalf {
  constructor(description, buffer, simd = true, modalities = Object.keys(description.shapes)) {
    this.description = description;
    const wanted = ["g_y", "label_head", ...modalities.flatMap((name) => [`g_a.${name}`, `decoders.${name}`])];
    this.networks = new Networks(description, buffer, simd, wanted);
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
