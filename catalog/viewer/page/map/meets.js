// Whether polygons share a point, exactly: every side of a line is told by `orient2d`, which is never
// wrong. A ring is {x, y}: coordinates in degrees, the first corner again at the end. A polygon is a
// list of rings: the outline, and holes.

import { orient2d } from "./vendor/orient2d.js";

const side = (ax, ay, bx, by, cx, cy) => Math.sign(orient2d(ax, ay, bx, by, cx, cy));

/** Whether a point that is on the line of an edge is on the edge itself. */
function isBetween(ax, ay, bx, by, x, y) {
  return (
    Math.min(ax, bx) <= x && x <= Math.max(ax, bx) && Math.min(ay, by) <= y && y <= Math.max(ay, by)
  );
}

/** Whether two edges share a point. */
export function edgesMeet(ax, ay, bx, by, cx, cy, dx, dy) {
  if (Math.max(ax, bx) < Math.min(cx, dx) || Math.max(cx, dx) < Math.min(ax, bx)) return false;
  if (Math.max(ay, by) < Math.min(cy, dy) || Math.max(cy, dy) < Math.min(ay, by)) return false;
  const a = side(cx, cy, dx, dy, ax, ay);
  const b = side(cx, cy, dx, dy, bx, by);
  if (a === b && a !== 0) return false;
  const c = side(ax, ay, bx, by, cx, cy);
  const d = side(ax, ay, bx, by, dx, dy);
  if (c === d && c !== 0) return false;
  if (a !== b && c !== d) return true;
  return (
    (c === 0 && isBetween(ax, ay, bx, by, cx, cy)) ||
    (d === 0 && isBetween(ax, ay, bx, by, dx, dy)) ||
    (a === 0 && isBetween(cx, cy, dx, dy, ax, ay)) ||
    (b === 0 && isBetween(cx, cy, dx, dy, bx, by))
  );
}

/** Whether a point is in a polygon or on its boundary. */
export function contains(polygon, px, py) {
  let odd = false;
  for (const { x, y } of polygon) {
    for (let i = 0; i < x.length - 1; i++) {
      const [ax, ay, bx, by] = [x[i], y[i], x[i + 1], y[i + 1]];
      if ((ax === px && ay === py) || (bx === px && by === py)) return true;
      if (ay > py !== by > py) {
        const turn = side(ax, ay, bx, by, px, py);
        if (turn === 0) return true;
        if (turn < 0 === by > ay) odd = !odd;
      } else if (ay === py && by === py && isBetween(ax, ay, bx, by, px, py)) return true;
    }
  }
  return odd;
}

/** Whether two polygons share a point; `box` is the bounding box of the first. */
export function meets(polygon, other, box) {
  for (const { x, y } of other) {
    for (let j = 0; j < x.length - 1; j++) {
      const [cx, cy, dx, dy] = [x[j], y[j], x[j + 1], y[j + 1]];
      if ((cx < box.xmin && dx < box.xmin) || (cx > box.xmax && dx > box.xmax)) continue;
      if ((cy < box.ymin && dy < box.ymin) || (cy > box.ymax && dy > box.ymax)) continue;
      for (const ring of polygon)
        for (let i = 0; i < ring.x.length - 1; i++)
          if (edgesMeet(ring.x[i], ring.y[i], ring.x[i + 1], ring.y[i + 1], cx, cy, dx, dy))
            return true;
    }
  }
  return (
    contains(other, polygon[0].x[0], polygon[0].y[0]) ||
    contains(polygon, other[0].x[0], other[0].y[0])
  );
}

export function boxOf(rings) {
  const box = { xmin: Infinity, ymin: Infinity, xmax: -Infinity, ymax: -Infinity };
  for (const { x, y } of rings)
    for (let i = 0; i < x.length; i++) {
      box.xmin = Math.min(box.xmin, x[i]);
      box.xmax = Math.max(box.xmax, x[i]);
      box.ymin = Math.min(box.ymin, y[i]);
      box.ymax = Math.max(box.ymax, y[i]);
    }
  return box;
}

/** What is wrong with a polygon that a user drew, as the rest of a sentence; null if it is valid. */
export function flawOf(polygon) {
  for (const { x, y } of polygon) {
    const last = x.length - 1;
    if (x.length < 4) return "has a ring of less than three corners";
    if (x[0] !== x[last] || y[0] !== y[last]) return "has a ring that does not end where it starts";
  }
  const edges = polygon.flatMap(({ x, y }, ring) =>
    [...x.keys()].slice(1).map((i) => ({ ring, i, a: [x[i - 1], y[i - 1]], b: [x[i], y[i]] })),
  );
  for (const [number, one] of edges.entries()) {
    for (const other of edges.slice(number + 1)) {
      if (!edgesMeet(...one.a, ...one.b, ...other.a, ...other.b)) continue;
      if (areNeighbours(one, other, polygon[one.ring].x.length - 1)) {
        if (!foldBack(one, other)) continue;
      }
      return `crosses or touches itself near ${one.b.map((degrees) => degrees.toFixed(3)).join(" ")}`;
    }
  }
  const [outline, ...holes] = polygon;
  const isOutside = ({ x, y }) => !contains([outline], x[0], y[0]);
  return holes.some(isOutside) ? "has a hole outside of its outline" : null;
}

function areNeighbours(one, other, count) {
  const apart = other.i - one.i;
  return one.ring === other.ring && (apart === 1 || apart === count - 1);
}

/** Whether neighbouring edges share more than their common corner. */
function foldBack(one, other) {
  const [corner, start, end] =
    other.i - one.i === 1 ? [one.b, one.a, other.b] : [one.a, one.b, other.a];
  if (side(...start, ...corner, ...end) !== 0) return false;
  return (
    (start[0] - corner[0]) * (end[0] - corner[0]) + (start[1] - corner[1]) * (end[1] - corner[1]) >
    0
  );
}
