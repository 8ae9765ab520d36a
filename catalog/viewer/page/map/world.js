// Footprints, scenes and regions in EPSG:3857, in which the map is drawn.

const RADIUS = 6378137;
const mercatorX = (lon) => (RADIUS * lon * Math.PI) / 180;
const mercatorY = (lat) => RADIUS * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));

/** Footprints in EPSG:3857, the cell of each, half as wide, and their bounding boxes. */
export function projected({ x, y, corners, polygons }) {
  const world = { x: x.map(mercatorX), y: y.map(mercatorY) };
  const cells = { x: new Float64Array(x.length), y: new Float64Array(y.length) };
  const count = polygons.length - 1;
  const boxes = {};
  for (const side of ["xmin", "ymin", "xmax", "ymax"])
    boxes[side] = new Float64Array(count).fill(NaN);
  for (let i = 0; i < count; i++) {
    const [from, to] = [corners[polygons[i]], corners[polygons[i + 1]]];
    if (from === to) continue;
    for (const [axis, low, high] of [
      ["x", "xmin", "xmax"],
      ["y", "ymin", "ymax"],
    ]) {
      // prettier-ignore
      let [least, most] = [Infinity, -Infinity];
      for (let j = from; j < to; j++) {
        least = Math.min(least, world[axis][j]);
        most = Math.max(most, world[axis][j]);
      }
      boxes[low][i] = least;
      boxes[high][i] = most;
      const middle = (least + most) / 2;
      for (let j = from; j < to; j++) cells[axis][j] = middle + (world[axis][j] - middle) / 2;
    }
  }
  return { ...world, cells, boxes };
}

export function sceneBoxes(columns, { boxes }, count) {
  const found = Array.from({ length: count }, () => [Infinity, Infinity, -Infinity, -Infinity]);
  for (let i = 0; i < boxes.xmin.length; i++) {
    if (Number.isNaN(boxes.xmin[i])) continue;
    const box = found[columns.scene_id[i]];
    box[0] = Math.min(box[0], boxes.xmin[i]);
    box[1] = Math.min(box[1], boxes.ymin[i]);
    box[2] = Math.max(box[2], boxes.xmax[i]);
    box[3] = Math.max(box[3], boxes.ymax[i]);
  }
  return found;
}

/** A region with the edges of its outline, x, y, x, y in EPSG:3857: without those of the cuts. */
export function outlined(region) {
  const edges = region.polygons.flatMap((polygon) =>
    polygon.flatMap(({ x, y }) =>
      Array.from({ length: x.length - 1 }, (_, i) => [x[i], y[i], x[i + 1], y[i + 1]]),
    ),
  );
  const kept = region.named ? withoutCuts(edges) : edges;
  const clipped = (lat) => mercatorY(Math.max(-85, Math.min(85, lat)));
  return {
    edges: kept.flatMap(([ax, ay, bx, by]) => [
      mercatorX(ax),
      clipped(ay),
      mercatorX(bx),
      clipped(by),
    ]),
  };
}

/** Edges without those that two pieces share, and those that lie on a cut between two pieces. */
function withoutCuts(edges) {
  const key = ([ax, ay, bx, by]) =>
    ax < bx || (ax === bx && ay < by) ? `${ax} ${ay} ${bx} ${by}` : `${bx} ${by} ${ax} ${ay}`;
  const line = ([ax, ay, bx, by]) => (ax === bx ? `x${ax}` : ay === by ? `y${ay}` : null);
  const times = new Map();
  const count = (name) => times.set(name, (times.get(name) ?? 0) + 1);
  for (const edge of edges) {
    count(key(edge));
    if (line(edge)) count(line(edge));
  }
  return edges.filter((edge) => times.get(key(edge)) === 1 && !(times.get(line(edge)) > 1));
}
