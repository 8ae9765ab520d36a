// Files of the catalog: JSON and columns of numbers, gzipped or as a host has unpacked them.

const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f8: Float64Array };
const ALIGNED = 8;

/** The bytes of a file; what is gzipped is unpacked. */
async function fetchBytes(url) {
  const answer = await fetch(url);
  if (!answer.ok)
    throw new Error(`${url} cannot be read (${answer.status}): run sen12ms index again`);
  const bytes = await answer.arrayBuffer();
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (first !== 0x1f || second !== 0x8b) return bytes;
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).arrayBuffer();
}

export async function fetchJson(url) {
  return JSON.parse(new TextDecoder().decode(await fetchBytes(url)));
}

/** Typed arrays by name, which are views of one buffer. */
export async function fetchColumns(url) {
  const bytes = await fetchBytes(url);
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const start = Math.ceil((4 + length) / ALIGNED) * ALIGNED;
  return Object.fromEntries(
    Object.entries(header).map(([name, { type, offset, length: items }]) => [
      name,
      new ARRAYS[type](bytes, start + offset, items),
    ]),
  );
}
