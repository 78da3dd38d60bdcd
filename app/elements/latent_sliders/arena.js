// Memory for weights and for what is multiplied, and the multiplication.
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
