// Regions: names, boxes, polygons as WKT or GeoJSON, to polygons in degrees.

import { fetchColumns, fetchJson } from "./columns.js";
import { FilterError } from "./conditions.js";
import { boxOf, flawOf } from "./meets.js";

const KINDS = ["continent", "group", "subregion", "country", "state"];
const MOST_CORNERS = 2000;
const NEAR = 0.7; // a name this alike is suggested
const NUMBER = String.raw`[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?`;
// No two neighbours of it match the same text, or refusing a long one would take minutes.
const BOX = new RegExp(
  String.raw`^\s*(?:[[(]\s*)?${NUMBER}(?:\s*[,;]\s*|\s+)(?=${NUMBER})[\s\d.,;eE+-]+(?:[\])]\s*)?$`,
);
const WKT = /^\s*(MULTI)?(POINT|LINESTRING|POLYGON)|^\s*GEOMETRYCOLLECTION/i;
const HINT =
  "known are continents, UN subregions, countries, the EU, and states of the US, Canada, Brazil " +
  "and Australia; or draw a box or a polygon";

/** A name without letter case, accents and punctuation. */
export function folded(name) {
  return name
    .replaceAll("&", " and ")
    .normalize("NFD")
    .replaceAll(/\p{Mn}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, " ")
    .trim();
}

export class Regions {
  /** Names and pieces, which are fetched when a name is asked for. */
  static async load(base) {
    const [{ names, pieces }, columns] = await Promise.all([
      fetchJson(`${base}regions.json.gz`),
      fetchColumns(`${base}regions.columns.gz`),
    ]);
    return new Regions(names, pieces, columns);
  }

  constructor(names, pieces, columns) {
    this.names = names.map(([spelling, kind, name, called, country]) => ({
      spelling,
      kind,
      name,
      called,
      country,
    }));
    this.pieces = pieces;
    this.columns = columns;
  }

  /** Names that people read, for suggestions: [kind, called]. */
  get shown() {
    const readable = this.names.filter(({ called }) => /[a-z]{3}/.test(called));
    return readable.map(({ kind, called }) => [kind, called]);
  }

  /** A region as {text, label, polygons, box}. */
  resolve(text) {
    if (!text.trim()) throw new FilterError("the region is empty: name a country, or W,S,E,N");
    if (BOX.test(text)) return boxRegion(text);
    if (WKT.test(text)) return drawnRegion(parseWkt(text), text);
    if (text.trimStart().startsWith("{")) return drawnRegion(parseGeoJson(text), text);
    return this.named(text);
  }

  named(text) {
    const found = this.find(text);
    if (!found.length) throw new FilterError(this.hint(text));
    if (found.length > 1) {
      const options = found.map(({ kind, name }) => `${kind}:${name}`).join(" or ");
      throw new FilterError(`'${text}' means more than one region: write ${options}`);
    }
    const { kind, name } = found[0];
    const polygons = (this.pieces[`${kind}:${name}`] ?? []).map((piece) => this.polygon(piece));
    return {
      text: `${kind}:${name}`,
      label: name,
      named: true,
      polygons,
      box: boxOf(polygons.flat()),
    };
  }

  /** The regions that a name or code stands for, the largest first. */
  find(text) {
    const [, kind, rest] = /^(?:([^:]*):)?(.*)$/s.exec(text);
    const spelling = folded(rest);
    const matches = new Map();
    for (const entry of this.names) {
      if (entry.spelling !== spelling || (kind && folded(kind) !== entry.kind)) continue;
      const own = Boolean(kind) && folded(entry.name) === spelling;
      matches.set(`${entry.kind}:${entry.name}:${entry.country}`, { ...entry, own });
    }
    const found = [...matches.values()].sort(
      (a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.name < b.name ? -1 : 1),
    );
    if (found.some(({ own }) => own)) return found.filter(({ own }) => own);
    const countries = new Set(found.map(({ country }) => country).filter(Boolean));
    return countries.size > 1 ? found : found.slice(0, 1);
  }

  /** Readable names that begin with, or hold, or resemble a text. */
  suggest(text, most = 8) {
    const spelling = folded(text.replace(/^[^:]*:/, ""));
    if (!spelling) return [];
    const scored = new Map();
    for (const { spelling: other, kind, name, called } of this.names) {
      const place = other.indexOf(spelling);
      if (!/[a-z]{3}/.test(called) && other !== spelling) continue;
      const near = place === 0 ? 3 : place > 0 ? 2 : similarity(spelling, other);
      if (near > NEAR && near > (scored.get(`${kind}:${name}`)?.near ?? 0))
        scored.set(`${kind}:${name}`, { near, kind, name });
    }
    const order = (a, b) => b.near - a.near || (a.name < b.name ? -1 : 1);
    return [...scored.values()].sort(order).slice(0, most);
  }

  hint(text) {
    const near = this.suggest(text, 3).map(({ name }) => name);
    const rest = near.length ? `did you mean ${near.join(" or ")}?` : HINT;
    return `there is no region '${text.slice(0, 80)}': ${rest}`;
  }

  polygon(piece) {
    const { x, y, corners, rings } = this.columns;
    const polygon = [];
    for (let ring = rings[piece]; ring < rings[piece + 1]; ring++) {
      const [from, to] = [corners[ring], corners[ring + 1]];
      polygon.push({ x: x.subarray(from, to), y: y.subarray(from, to) });
    }
    return polygon;
  }
}

/** How alike two texts are, 0 to 1: by the letters that must change (Levenshtein). */
function similarity(one, other) {
  const most = Math.max(one.length, other.length);
  if (Math.abs(one.length - other.length) > most * (1 - NEAR)) return 0;
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const swapped = row[j - 1] + (one[i - 1] !== other[j - 1]);
      next.push(Math.min(swapped, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return 1 - row[other.length] / most;
}

function boxRegion(text) {
  const numbers = text.match(new RegExp(NUMBER, "g")).map(Number);
  if (numbers.length !== 4)
    throw new FilterError(
      `'${text}' has ${numbers.length} numbers: a box is west,south,east,north`,
    );
  const [west, south, east, north] = numbers;
  if (Math.max(Math.abs(west), Math.abs(east)) > 180 || Math.max(-south, north) > 90)
    throw new FilterError(
      `'${text}' is not a box on Earth: write west,south,east,north in degrees, up to 180 and 90`,
    );
  if (south > north)
    throw new FilterError(`'${text}' has its south above its north: write west,south,east,north`);
  const boxes = west <= east ? [[west, east]] : [[west, 180], [-180, east]]; // prettier-ignore
  const polygons = boxes.map(([w, e]) => [
    { x: Float64Array.of(e, e, w, w, e), y: Float64Array.of(south, north, north, south, south) },
  ]);
  return { text: numbers.join(), label: text, polygons, box: boxOf(polygons.flat()) };
}

function drawnRegion(polygons, text) {
  const corners = polygons.flat().reduce((sum, { x }) => sum + x.length, 0);
  const name = `'${text.slice(0, 60)}'`;
  if (!corners) throw new FilterError(`${name} is empty: draw a polygon`);
  if (corners > MOST_CORNERS)
    throw new FilterError(
      `${name} has ${corners} corners, and the page takes ${MOST_CORNERS}: give it to ` +
        "sen12ms select --region as a file",
    );
  const box = boxOf(polygons.flat());
  if (!(box.xmin >= -180 && box.xmax <= 180 && box.ymin >= -90 && box.ymax <= 90))
    throw new FilterError(`${name} is not on Earth: give longitude and latitude in degrees`);
  for (const polygon of polygons) {
    const flaw = flawOf(polygon);
    if (flaw) throw new FilterError(`the polygon ${flaw}: draw it without crossings`);
  }
  return { text: wktOf(polygons), label: "drawn polygon", polygons, box };
}

/** Rings of positions, as an array of [x, y, …], to a polygon. */
function polygonOf(rings) {
  return rings.map((ring) => ({
    x: Float64Array.from(ring, (position) => position[0]),
    y: Float64Array.from(ring, (position) => position[1]),
  }));
}

function parseWkt(text) {
  const match = /^\s*(MULTI)?POLYGON\s*(\(.*\))\s*$/is.exec(text);
  const refused = new FilterError(
    `'${text.slice(0, 60)}' is not a polygon as WKT: the page takes POLYGON ((x y, …)) and ` +
      "MULTIPOLYGON; give others to sen12ms select --region",
  );
  if (!match || !/^[\s\d.,()eE+-]*$/.test(match[2])) throw refused;
  const json = match[2]
    .replaceAll(/[^(),]+/g, (position) =>
      position.trim() ? `[${position.trim().split(/\s+/).join()}]` : "",
    )
    .replaceAll("(", "[")
    .replaceAll(")", "]");
  try {
    const value = JSON.parse(json);
    return checkedPositions(match[1] ? value : [value]).map(polygonOf);
  } catch {
    throw refused;
  }
}

function checkedPositions(polygons) {
  for (const position of polygons.flat(2))
    if (position.length !== 2 || !position.every(Number.isFinite)) throw new TypeError("position");
  return polygons;
}

function parseGeoJson(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FilterError(`'${text.slice(0, 60)}' is not valid GeoJSON: it is not JSON`);
  }
  return polygonsOf(value);
}

/** The polygons of a GeoJSON object. */
export function polygonsOf(value) {
  const parts = {
    Polygon: () => [polygonOf(value.coordinates)],
    MultiPolygon: () => value.coordinates.map(polygonOf),
    Feature: () => polygonsOf(value.geometry),
    FeatureCollection: () => value.features.flatMap(polygonsOf),
    GeometryCollection: () => value.geometries.flatMap(polygonsOf),
  };
  try {
    return parts[value.type]();
  } catch (error) {
    if (error instanceof FilterError) throw error;
    throw new FilterError(
      `the GeoJSON holds '${value?.type}', and the page takes polygons: give others to ` +
        "sen12ms select --region",
    );
  }
}

export function wktOf(polygons) {
  const ring = ({ x, y }) => `(${Array.from(x, (value, i) => `${value} ${y[i]}`).join(", ")})`;
  const bodies = polygons.map((polygon) => `(${polygon.map(ring).join(", ")})`);
  return bodies.length === 1 ? `POLYGON ${bodies[0]}` : `MULTIPOLYGON (${bodies.join(", ")})`;
}
