// The layers of MFM's generative half on typed arrays: what a worker runs. It needs no page, no library and no server.
// Its input is the description and the safetensors file that mfm_core/storage/browser.py writes.

const LARGEST_HEADER = 1_000_000;
const HALVES = new Float32Array(65_536);

/** Every float16 as a number, filled when the first is read. */
function halves() {
  if (HALVES[0x3c00] === 1) return HALVES;
  for (let bits = 0; bits < 65_536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) HALVES[bits] = fraction ? NaN : sign * Infinity;
    else HALVES[bits] = sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  }
  return HALVES;
}

function widened(bits) {
  const known = halves(), data = new Float32Array(bits.length);
  for (let i = 0; i < data.length; i++) data[i] = known[bits[i]];
  return data;
}

/** The tensors of a safetensors file, as {name: {shape, data: Float32Array}}; refuses what does not fit in the file. */
function readSafetensors(buffer) {
  const size = buffer.byteLength;
  const announced = size < 8 ? 0 : Number(new DataView(buffer).getBigUint64(0, true));
  if (announced < 2 || announced > Math.min(LARGEST_HEADER, size - 8)) {
    throw new Error(`weights: expected a safetensors header of 2 to ${LARGEST_HEADER} bytes, got ${announced} in ${size}`);
  }
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, announced)));
  const start = 8 + announced;
  const tensors = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [begin, end] = entry.data_offsets;
    const count = entry.shape.reduce((product, side) => product * side, 1);
    const bytes = { F16: 2, F32: 4 }[entry.dtype];
    if (bytes === undefined) throw new Error(`${name}: expected F16 or F32, got ${entry.dtype}`);
    if (begin < 0 || end - begin !== count * bytes || start + end > size) {
      throw new Error(`${name}: expected ${count * bytes} bytes within the file, got ${begin} to ${end}`);
    }
    const raw = buffer.slice(start + begin, start + end);
    tensors[name] = { shape: entry.shape, data: bytes === 4 ? new Float32Array(raw) : widened(new Uint16Array(raw)) };
  }
  return tensors;
}

/**
 * out[o, p] = bias[o] + sum_k weights[o, k] * patches[p, k]; all places count in numbers, not bytes. Four outputs and two
 * pixels are kept in local variables. Outputs are a multiple of 4, pixels of 2.
 */
function multiplyPlain(memory, weights, patches, out, bias, outputs, pixels, length) {
  for (let o = 0; o < outputs; o += 4) {
    const w0 = weights + o * length, w1 = w0 + length, w2 = w1 + length, w3 = w2 + length;
    for (let p = 0; p < pixels; p += 2) {
      const x0 = patches + p * length, x1 = x0 + length;
      let a0 = memory[bias + o], b0 = memory[bias + o + 1], c0 = memory[bias + o + 2], d0 = memory[bias + o + 3];
      let a1 = a0, b1 = b0, c1 = c0, d1 = d0;
      for (let k = 0; k < length; k++) {
        const x = memory[x0 + k], y = memory[x1 + k];
        const a = memory[w0 + k], b = memory[w1 + k], c = memory[w2 + k], d = memory[w3 + k];
        a0 += a * x; a1 += a * y; b0 += b * x; b1 += b * y;
        c0 += c * x; c1 += c * y; d0 += d * x; d1 += d * y;
      }
      const at = out + o * pixels + p;
      memory[at] = a0; memory[at + 1] = a1;
      memory[at + pixels] = b0; memory[at + pixels + 1] = b1;
      memory[at + 2 * pixels] = c0; memory[at + 2 * pixels + 1] = c1;
      memory[at + 3 * pixels] = d0; memory[at + 3 * pixels + 1] = d1;
    }
  }
}

/**
 * The same with the four lanes of WebAssembly's SIMD, assembled here, for a text of bytes could not be read. The length is
 * a multiple of 4; places count in bytes. Parameters: weights, patches, out, bias, outputs, pixels, length in bytes.
 */
function assembleMultiply() {
  const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
  const vector = (items) => [...leb(items.length), ...items.flat()];
  const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
  const I32 = 0x7f, V128 = 0x7b, VOID = 0x40;
  const get = (local) => [0x20, local], set = (local) => [0x21, local], tee = (local) => [0x22, local];
  const add = [0x6a], mul = [0x6c], less = [0x48];
  const int = (n) => [0x41, n]; // below 64
  const simd = (code) => [0xfd, ...leb(code)];
  const loadV = (offset = 0) => [...simd(0), 4, ...leb(offset)];
  const loadF = (offset) => [0x2a, 2, ...leb(offset)];
  const storeF = [0x38, 2, 0];
  const addV = simd(228), mulV = simd(230), addF = [0x92];
  const lane = (n) => [...simd(31), n];
  const zero = [...simd(12), ...Array(16).fill(0)];
  const loop = (body) => [0x03, VOID, ...body, 0x0b];
  const again = [0x0d, 0];
  const [W, X, OUT, BIAS, OUTPUTS, PIXELS, LENGTH] = [0, 1, 2, 3, 4, 5, 6];
  const [O, P, K, W0, W1, W2, W3, X0, X1, AT] = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
  const wide = (n) => 17 + n; // accumulators 0 to 7, then x, y and one of the weights
  const [XV, YV, WV] = [wide(8), wide(9), wide(10)];
  const inner = [
    ...get(X0), ...get(K), ...add, ...loadV(), ...set(XV),
    ...get(X1), ...get(K), ...add, ...loadV(), ...set(YV),
    ...[W0, W1, W2, W3].flatMap((row, n) => [
      ...get(row), ...get(K), ...add, ...loadV(), ...set(WV),
      ...get(WV), ...get(XV), ...mulV, ...get(wide(2 * n)), ...addV, ...set(wide(2 * n)),
      ...get(WV), ...get(YV), ...mulV, ...get(wide(2 * n + 1)), ...addV, ...set(wide(2 * n + 1)),
    ]),
    ...get(K), ...int(16), ...add, ...tee(K), ...get(LENGTH), ...less, ...again,
  ];
  const sum = (n) => [
    ...get(wide(n)), ...lane(0), ...get(wide(n)), ...lane(1), ...addF,
    ...get(wide(n)), ...lane(2), ...get(wide(n)), ...lane(3), ...addF, ...addF,
  ];
  const write = [0, 1, 2, 3].flatMap((row) => [
    ...[0, 1].flatMap((pixel) => [
      ...get(AT), ...int(4 * pixel), ...add,
      ...sum(2 * row + pixel), ...get(BIAS), ...get(O), ...int(4), ...mul, ...add, ...loadF(4 * row), ...addF, ...storeF,
    ]),
    ...get(AT), ...get(PIXELS), ...int(4), ...mul, ...add, ...set(AT),
  ]);
  const pixelLoop = [
    ...get(X), ...get(P), ...get(LENGTH), ...mul, ...add, ...tee(X0), ...get(LENGTH), ...add, ...set(X1),
    ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((n) => [...zero, ...set(wide(n))]),
    ...int(0), ...set(K), ...loop(inner),
    ...get(OUT), ...get(O), ...get(PIXELS), ...mul, ...get(P), ...add, ...int(4), ...mul, ...add, ...set(AT),
    ...write,
    ...get(P), ...int(2), ...add, ...tee(P), ...get(PIXELS), ...less, ...again,
  ];
  const body = loop([
    ...get(W), ...get(O), ...get(LENGTH), ...mul, ...add, ...tee(W0), ...get(LENGTH), ...add, ...tee(W1),
    ...get(LENGTH), ...add, ...tee(W2), ...get(LENGTH), ...add, ...set(W3),
    ...int(0), ...set(P), ...loop(pixelLoop),
    ...get(O), ...int(4), ...add, ...tee(O), ...get(OUTPUTS), ...less, ...again,
  ]);
  const locals = vector([[10, I32], [11, V128]]);
  const code = [...locals, ...body, 0x0b];
  const name = (text) => vector([...text].map((letter) => [letter.charCodeAt(0)]));
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, vector([[0x60, ...vector(Array(7).fill([I32])), ...vector([])]])),
    ...section(2, vector([[...name("page"), ...name("memory"), 0x02, 0x00, 1]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name("multiply"), 0x00, 0]])),
    ...section(10, vector([[...leb(code.length), ...code]])),
  ]);
}

/** Memory for weights and for what is multiplied, and the multiplication: with SIMD where there is any, else plain. */
class Arena {
  constructor(simd = true) {
    const bytes = simd && typeof WebAssembly === "object" ? assembleMultiply() : null;
    this.simd = bytes !== null && WebAssembly.validate(bytes);
    this.used = 4;
    this.places = {};
    if (this.simd) {
      this.memory = new WebAssembly.Memory({ initial: 16 });
      const module = new WebAssembly.Instance(new WebAssembly.Module(bytes), { page: { memory: this.memory } });
      this.multiplyBytes = module.exports.multiply;
      this.numbers = new Float32Array(this.memory.buffer);
    } else this.numbers = new Float32Array(262_144);
  }

  /** A place for so many numbers, a multiple of 4. */
  take(count) {
    const place = this.used;
    this.used += 4 * Math.ceil(count / 4);
    if (this.used > this.numbers.length) {
      if (this.simd) {
        this.memory.grow(Math.ceil((this.used - this.numbers.length) / 16_384) + 64);
        this.numbers = new Float32Array(this.memory.buffer);
      } else {
        const larger = new Float32Array(2 * this.used);
        larger.set(this.numbers);
        this.numbers = larger;
      }
    }
    return place;
  }

  /** A place that is used again and again, as large as the largest use. */
  scratch(name, count) {
    const known = this.places[name];
    if (known && known.count >= count) return known.place;
    this.places[name] = { place: this.take(count), count };
    return this.places[name].place;
  }

  multiply(weights, patches, out, bias, outputs, pixels, length) {
    if (this.simd) this.multiplyBytes(4 * weights, 4 * patches, 4 * out, 4 * bias, outputs, pixels, 4 * length);
    else multiplyPlain(this.numbers, weights, patches, out, bias, outputs, pixels, length);
  }
}

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
   * Returns {label: Float32Array(n * size) logits or scores, pictures: {name: Float32Array(n * channels * height * width)}}.
   */
  decode(n, z) {
    const { networks } = this;
    const factor = networks.run("g_y", { n, shape: [this.description.sizes.y], data: z.y });
    const pictures = {};
    for (const [name, data] of Object.entries(z.a)) {
      const own = networks.run(`g_a.${name}`, { n, shape: [this.description.sizes[name]], data });
      pictures[name] = networks.run(`decoders.${name}`, joined(n, own.data, factor.data)).data;
    }
    return { label: networks.run("label_head", factor).data, pictures };
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
