// Memory for weights and for what is convolved, and the convolution: with WebAssembly's SIMD where there is any, else plain.
const OUTPUTS = 8; // kept in registers at once; weights lie as (groups of outputs, inputs, 8)
const INPUTS = 4; // channels and lengths are padded to a multiple of this with zeros

const upTo = (count, step) => step * Math.ceil(count / step);

/**
 * out[y, p, o] = bias[o] + sum over r, k of weights[o, r, k] * input[y * lineStep + p * pixelStep + r * rowStep + k].
 *
 * Nothing is gathered: a picture is framed and lies channels last, so that a row of a patch, `run` numbers, lies together.
 * A linear layer is a picture of one line whose pixels are the samples and whose patches have one row. All places and
 * steps count in numbers. Outputs are groups of eight.
 */
function convolvePlain(memory, { weights, input, out, bias, groups, rows, run, rowStep, high, wide, lineStep, pixelStep, outStep }) {
  for (let o = 0; o < groups * OUTPUTS; o += 4) {
    const first = weights + Math.floor(o / OUTPUTS) * rows * run * OUTPUTS + (o % OUTPUTS);
    for (let y = 0; y < high; y++) {
      for (let p = 0; p < wide; p += 2) {
        const more = p + 1 < wide ? 1 : 0; // four outputs of two pixels are kept in local variables; of one, twice
        let a0 = memory[bias + o], b0 = memory[bias + o + 1], c0 = memory[bias + o + 2], d0 = memory[bias + o + 3];
        let a1 = a0, b1 = b0, c1 = c0, d1 = d0;
        for (let r = 0, w = first; r < rows; r++) {
          const x0 = input + y * lineStep + p * pixelStep + r * rowStep, x1 = x0 + more * pixelStep;
          for (let k = 0; k < run; k++, w += OUTPUTS) {
            const x = memory[x0 + k], z = memory[x1 + k], a = memory[w], b = memory[w + 1], c = memory[w + 2], d = memory[w + 3];
            a0 += a * x; a1 += a * z; b0 += b * x; b1 += b * z;
            c0 += c * x; c1 += c * z; d0 += d * x; d1 += d * z;
          }
        }
        const at = out + (y * wide + p) * outStep + o, next = at + more * outStep;
        memory[at] = a0; memory[at + 1] = b0; memory[at + 2] = c0; memory[at + 3] = d0;
        memory[next] = a1; memory[next + 1] = b1; memory[next + 2] = c1; memory[next + 3] = d1;
      }
    }
  }
}

// The same in WebAssembly, assembled here, for a text of bytes could not be read. An instruction is a list of bytes.
const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
const vector = (items) => [...leb(items.length), ...items.flat()];
const I32 = 0x7f, V128 = 0x7b;
const WASM = {
  get: (local) => [0x20, ...leb(local)],
  set: (local) => [0x21, ...leb(local)],
  int: (n) => [0x41, ...(n < 64 ? [n] : [n | 128, n >> 7])], // below 8192
  add: [0x6a],
  mul: [0x6c],
  less: [0x48],
  load: (offset) => [0xfd, 0, 4, ...leb(offset)], // four numbers
  splat: (offset) => [0xfd, 9, 2, ...leb(offset)], // one number, four times
  store: (offset) => [0xfd, 11, 4, ...leb(offset)],
  zero: [0xfd, 12, ...Array(16).fill(0)],
  addV: [0xfd, ...leb(228)],
  mulV: [0xfd, ...leb(230)],
  fused: [0xfd, ...leb(261)], // a times b plus c in one step: newer than the rest, of the relaxed instructions
  /** local = 0; do body, local += step; while local < end. */
  loop: (local, end, step, body) => [
    ...WASM.int(0), ...WASM.set(local),
    0x03, 0x40, ...body, ...WASM.get(local), ...step, ...WASM.add, ...WASM.set(local), ...WASM.get(local), ...end, ...WASM.less, 0x0d, 0, 0x0b,
  ],
  /** local = the sum of these. */
  sum: (local, first, ...others) => [...first, ...others.flatMap((one) => [...one, ...WASM.add]), ...WASM.set(local)],
  times: (a, b) => [...a, ...b, ...WASM.mul],
};
const PARAMETERS = ["weights", "input", "out", "bias", "groups", "rows", "run", "rowStep", "high", "wide", "lineStep", "pixelStep", "outStep"];
const IN_BYTES = new Set(["weights", "input", "out", "bias", "run", "rowStep", "lineStep", "pixelStep", "outStep"]);

/**
 * The body of a convolution that keeps so many pixels and eight outputs in registers: 4, of which the width is a multiple,
 * or 1, whose sums are kept apart by k modulo 4 so that none waits for the other. Lengths count in bytes.
 */
function assembleConvolution(pixels, relaxed) {
  const { get, set, int, load, splat, store, zero, addV, mulV, fused, loop, sum, times } = WASM;
  const locals = [...PARAMETERS, "g", "y", "p", "r", "k", "w", "at", "offset", ...Array.from({ length: pixels }, (_, i) => `x${i}`)];
  const place = (name) => locals.indexOf(name), the = (name) => get(place(name)), one = int(1);
  const apart = pixels === 1 ? INPUTS : 1, accumulators = 2 * pixels * apart;
  const acc = (pixel, step, half) => locals.length + 2 * (pixel * apart + (step % apart)) + half;
  const [left, right, x] = [0, 1, 2].map((i) => locals.length + accumulators + i);
  const all = (count) => Array.from({ length: count }, (_, i) => i);
  const begin = all(pixels).flatMap((pixel) => all(apart).flatMap((step) => [0, 1].flatMap((half) =>
    [...(step ? zero : [...the("offset"), ...load(16 * half)]), ...set(acc(pixel, step, half))])));
  const multiply = all(INPUTS).flatMap((step) => [
    ...the("w"), ...load(32 * step), ...set(left), ...the("w"), ...load(32 * step + 16), ...set(right),
    ...all(pixels).flatMap((pixel) => [
      ...the(`x${pixel}`), ...the("k"), ...WASM.add, ...splat(4 * step), ...set(x),
      ...[left, right].flatMap((weight, half) => {
        const total = acc(pixel, step, half), pair = [...get(weight), ...get(x)];
        return [...pair, ...(relaxed ? [...get(total), ...fused] : [...mulV, ...get(total), ...addV]), ...set(total)];
      }),
    ]),
  ]);
  const ofRow = [
    ...sum(place("x0"), the("input"), times(the("y"), the("lineStep")), times(the("p"), the("pixelStep")), times(the("r"), the("rowStep"))),
    ...all(pixels - 1).flatMap((i) => sum(place(`x${i + 1}`), the(`x${i}`), the("pixelStep"))),
    ...loop(place("k"), the("run"), int(4 * INPUTS), [...multiply, ...sum(place("w"), the("w"), int(32 * INPUTS))]),
  ];
  const write = all(pixels).flatMap((pixel) => [
    ...[0, 1].flatMap((half) => [
      ...the("at"), ...get(acc(pixel, 0, half)), ...all(apart - 1).flatMap((step) => [...get(acc(pixel, step + 1, half)), ...addV]), ...store(16 * half),
    ]),
    ...sum(place("at"), the("at"), the("outStep")),
  ]);
  const ofGroup = [
    ...sum(place("offset"), the("bias"), times(the("g"), int(32))),
    ...sum(place("at"), the("out"), times(the("g"), int(32))),
    ...loop(place("y"), the("high"), one, loop(place("p"), the("wide"), int(pixels), [
      ...sum(place("w"), the("weights"), times(times(the("g"), the("rows")), times(the("run"), int(OUTPUTS)))),
      ...begin, ...loop(place("r"), the("rows"), one, ofRow), ...write,
    ])),
  ];
  const own = vector([[...leb(locals.length - PARAMETERS.length), I32], [...leb(accumulators + 3), V128]]);
  return [...own, ...loop(place("g"), the("groups"), one, ofGroup), 0x0b];
}

/** A module with the functions `four` and `one` over a memory that it is given; `relaxed` where products may be fused. */
function assembleModule(relaxed) {
  const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
  const name = (text) => vector([...text].map((letter) => [letter.charCodeAt(0)]));
  const code = [4, 1].map((pixels) => assembleConvolution(pixels, relaxed));
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, vector([[0x60, ...vector(PARAMETERS.map(() => [I32])), ...vector([])]])),
    ...section(2, vector([[...name("page"), ...name("memory"), 0x02, 0x00, 1]])),
    ...section(3, vector([[0], [0]])),
    ...section(7, vector(["four", "one"].map((text, i) => [...name(text), 0x00, i]))),
    ...section(10, vector(code.map((body) => [...leb(body.length), ...body]))),
  ]);
}

/** Memory for weights and for what is convolved, and the convolution. */
class Arena {
  constructor(simd = true) {
    const modules = simd && typeof WebAssembly === "object" ? [true, false].map(assembleModule) : [];
    const bytes = modules.find((module) => WebAssembly.validate(module));
    this.simd = bytes !== undefined;
    this.fused = this.simd && bytes === modules[0];
    this.used = 4;
    this.places = {};
    if (this.simd) {
      this.memory = new WebAssembly.Memory({ initial: 16 });
      this.run = new WebAssembly.Instance(new WebAssembly.Module(bytes), { page: { memory: this.memory } }).exports;
      this.numbers = new Float32Array(this.memory.buffer);
    } else this.numbers = new Float32Array(262_144);
  }

  /** A place for so many numbers, a multiple of 4. */
  take(count) {
    const place = this.used;
    this.used += upTo(count, 4);
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

  /** See convolvePlain; the width is 1 or a multiple of 4. */
  convolve(job) {
    if (!this.simd) return convolvePlain(this.numbers, job);
    const numbers = PARAMETERS.map((name) => (IN_BYTES.has(name) ? 4 * job[name] : job[name]));
    return (job.wide === 1 ? this.run.one : this.run.four)(...numbers);
  }
}
