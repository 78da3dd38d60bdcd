// Reads safetensors, the only way weights and codes come into the page or a worker.
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

/** The tensors of a safetensors file, as {name: {shape, data: Float32Array}}, whose data are read when they are asked
 * for; refuses what does not fit in the file. */
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
    tensors[name] = {
      shape: entry.shape,
      get data() {
        const raw = buffer.slice(start + begin, start + end);
        const value = bytes === 4 ? new Float32Array(raw) : widened(new Uint16Array(raw));
        Object.defineProperty(this, "data", { value });
        return value;
      },
    };
  }
  return tensors;
}
