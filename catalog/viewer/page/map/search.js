// The question of the page, answered: which patches pass the filters. The same as `Catalog.select`.

import { fetchColumns, fetchJson } from "./columns.js";
import { boundsOf, COMPARE, FilterError, knownNames, nameOf } from "./conditions.js";
import { meets } from "./meets.js";
import { Regions } from "./regions.js";

const NULL = 0xffff;
const UNKNOWN = 0xffffffff;
const MOST_KEPT = 40; // answers of single filters
const FACETS = ["season", "local_season", "split", "country", "dominant_cover"];

export class Search {
  static async load(base) {
    const [about, columns] = await Promise.all([
      fetchJson(`${base}about.json`),
      fetchColumns(`${base}patches.columns.gz`),
    ]);
    return new Search(base, about, columns);
  }

  constructor(base, about, columns) {
    this.base = base;
    this.about = about;
    this.columns = columns;
    this.count = columns.patch.length;
    this.kept = new Map();
    this.legends = new Map();
    this.seasons = Object.keys(about.rois);
    this.addSeasons();
    this.boxes = boxesOf(columns, this.count);
    const legends = Object.entries(about.legends).map(([name, { classes }]) => [
      name,
      Object.keys(classes),
    ]);
    const cover = Object.keys(about.cover);
    this.shares = {
      classes: Object.fromEntries(cover.length ? [["cover", cover], ...legends] : legends),
      first: ["cover", about.summed],
    };
  }

  /** Season and number of a scene are in its id. */
  addSeasons() {
    const ids = this.about.names.scene_id;
    const parts = ids.map((id) => id.split("_"));
    this.about.names.season = this.seasons;
    this.about.scenes = ids.map((id, i) => ({
      id,
      season: parts[i].at(-2),
      scene: Number(parts[i].at(-1)),
    }));
    const season = this.about.scenes.map((scene) => this.seasons.indexOf(scene.season));
    this.columns.season = Uint16Array.from(this.columns.scene_id, (scene) => season[scene]);
  }

  idOf(patch) {
    return `${this.about.names.scene_id[this.columns.scene_id[patch]]}_p${this.columns.patch[patch]}`;
  }

  async regions() {
    this.places ??= Regions.load(this.base);
    return this.places;
  }

  /** Whether each patch passes each filter: a list of [facet, passes], where 1 passes. */
  async masks(filters) {
    const masks = [];
    const add = (facet, key, make) => masks.push([facet, this.keep(`${facet}:${key}`, make)]);
    for (const facet of FACETS) {
      if (!filters[facet]?.length) continue;
      const names = this.known(facet, filters[facet]);
      add(facet, names.join(), () => this.oneOf(facet, names));
    }
    for (const text of filters.sensor ?? []) {
      const sensor = nameOf("sensor", text, Object.keys(this.about.sensors));
      add("sensor", sensor, () => this.present(sensor));
    }
    if (filters.complete !== undefined && filters.complete !== null)
      add("complete", filters.complete, () => this.complete(filters.complete));
    for (const text of filters.cover ?? []) {
      if (!Object.keys(this.shares.classes).length)
        throw new FilterError(`${this.about.title} has no land cover: leave out '${text}'`);
      for (const bound of boundsOf(text, this.shares)) {
        const { legend, name, operator, value } = bound;
        const counts = await this.counts(legend, name);
        add("cover", `${legend}.${name}${operator}${value}`, () => this.compared(counts, bound));
      }
    }
    for (const facet of ["region", "not_region"]) {
      if (!filters[facet]?.length) continue;
      const regions = await this.regions();
      const found = filters[facet].map((text) => regions.resolve(text));
      const key = found.map(({ text }) => text).join("|");
      const hit = this.keep(`in:${key}`, () => this.meeting(found));
      add(facet, key, () => (facet === "region" ? hit : hit.map((inside) => 1 - inside)));
    }
    return masks;
  }

  keep(key, make) {
    const found = this.kept.get(key) ?? make();
    this.kept.delete(key);
    this.kept.set(key, found);
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value);
    return found;
  }

  known(facet, texts) {
    const known = knownNames(facet, this.about);
    return texts.map((text) => nameOf(facet.replace("_", " "), text, known));
  }

  oneOf(facet, names) {
    const codes = new Set(names.map((name) => this.about.names[facet].indexOf(name)));
    return Uint8Array.from(this.columns[facet], (code) => codes.has(code));
  }

  present(sensor) {
    return Uint8Array.from(this.columns[sensor], (folder) => folder !== NULL);
  }

  complete(wanted) {
    const sensors = Object.keys(this.about.sensors).map((sensor) => this.columns[sensor]);
    return Uint8Array.from(
      { length: this.count },
      (_, patch) => sensors.every((folders) => folders[patch] !== NULL) === wanted,
    );
  }

  /** Pixels of a class in each patch; simplified classes are summed up. */
  async counts(legend, name) {
    const scheme = legend === "cover" ? this.about.summed : legend;
    if (!this.legends.has(scheme))
      this.legends.set(scheme, fetchColumns(`${this.base}${scheme}.columns.gz`));
    const columns = await this.legends.get(scheme);
    if (legend !== "cover") return columns[name];
    return this.keep(`counts:${name}`, () => {
      const [first, ...others] = this.about.members[name].map((member) => columns[member]);
      const sum = Float64Array.from(first);
      for (const column of others) for (let i = 0; i < sum.length; i++) sum[i] += column[i];
      return sum.map((pixels) => Math.min(pixels, UNKNOWN));
    });
  }

  compared(counts, { operator, value }) {
    const compare = COMPARE[operator];
    return Uint8Array.from(
      counts,
      (pixels) => pixels !== UNKNOWN && compare(pixels / this.about.pixels, value),
    );
  }

  footprint(patch) {
    const { x, y, corners, polygons } = this.columns;
    const found = [];
    for (let part = polygons[patch]; part < polygons[patch + 1]; part++) {
      const [from, to] = [corners[part], corners[part + 1]];
      found.push([{ x: x.subarray(from, to), y: y.subarray(from, to) }]);
    }
    return found;
  }

  /** Patches whose footprint meets one of the regions. */
  meeting(regions) {
    const { xmin, ymin, xmax, ymax } = this.boxes;
    const pieces = regions.flatMap(({ polygons }) => polygons).map((p) => [p, boxOfOutline(p)]);
    const hit = new Uint8Array(this.count);
    for (const { box } of regions) {
      for (let i = 0; i < this.count; i++) {
        if (hit[i] || xmin[i] > box.xmax || xmax[i] < box.xmin) continue;
        if (ymin[i] > box.ymax || ymax[i] < box.ymin) continue;
        const near = pieces.filter(
          ([, other]) =>
            xmin[i] <= other.xmax &&
            xmax[i] >= other.xmin &&
            ymin[i] <= other.ymax &&
            ymax[i] >= other.ymin,
        );
        const own = { xmin: xmin[i], ymin: ymin[i], xmax: xmax[i], ymax: ymax[i] };
        if (near.length && this.footprint(i).some((one) => near.some(([p]) => meets(one, p, own))))
          hit[i] = 1;
      }
    }
    return hit;
  }

  /** What the page shows of an answer. */
  async ask(filters) {
    const masks = await this.masks(filters);
    const facets = [...new Set(masks.map(([facet]) => facet))];
    const failed = new Uint8Array(this.count); // how many facets a patch fails
    const which = new Uint8Array(this.count); // the last of them
    facets.forEach((facet, number) => {
      const own = masks.filter(([name]) => name === facet).map(([, mask]) => mask);
      for (let i = 0; i < this.count; i++) {
        if (own.every((mask) => mask[i])) continue;
        failed[i]++;
        which[i] = number;
      }
    });
    const selected = Uint8Array.from(failed, (times) => times === 0);
    const passes = (facet) => {
      const number = facets.indexOf(facet);
      return (i) => !failed[i] || (failed[i] === 1 && which[i] === number);
    };
    return {
      selected,
      count: selected.reduce((sum, one) => sum + one, 0),
      facets: this.tallies(passes),
      scenes: this.sceneTallies(selected),
    };
  }

  /** By facet and value, how many patches there would be if the facet had that value. */
  tallies(passes) {
    const tallies = {};
    for (const facet of FACETS) {
      if (!this.columns[facet]) continue;
      const tally = new Uint32Array(this.about.names[facet].length);
      const among = passes(facet);
      const codes = this.columns[facet];
      for (let i = 0; i < this.count; i++) if (codes[i] !== NULL && among(i)) tally[codes[i]]++;
      tallies[facet] = Object.fromEntries(this.about.names[facet].map((n, c) => [n, tally[c]]));
    }
    return tallies;
  }

  /** Selected patches of each scene, and the cover that more of them have than any other. */
  sceneTallies(selected) {
    const covers = this.about.names.dominant_cover ?? [];
    const scenes = this.about.scenes.map(() => ({
      count: 0,
      covers: new Uint32Array(covers.length),
    }));
    for (let i = 0; i < this.count; i++) {
      if (!selected[i]) continue;
      const scene = scenes[this.columns.scene_id[i]];
      scene.count++;
      const cover = this.columns.dominant_cover?.[i] ?? NULL;
      if (cover !== NULL) scene.covers[cover]++;
    }
    return scenes.map(({ count, covers: tally }) => {
      const most = Math.max(0, ...tally);
      return { count, cover: most ? covers[tally.indexOf(most)] : null };
    });
  }

  /** The numbers of the selected patches, by season, scene and patch. */
  async chosen(filters) {
    const masks = (await this.masks(filters)).map(([, mask]) => mask);
    const found = [];
    for (let i = 0; i < this.count; i++) if (masks.every((mask) => mask[i])) found.push(i);
    return found;
  }

  async ids(filters) {
    return (await this.chosen(filters)).map((patch) => this.idOf(patch));
  }

  /** Shares of a patch by legend, without the classes that it has not. */
  async sharesOf(patch) {
    const found = {};
    for (const [legend, classes] of Object.entries(this.shares.classes)) {
      for (const name of classes) {
        const pixels = (await this.counts(legend, name))[patch];
        if (pixels === UNKNOWN || pixels === 0) continue;
        (found[legend] ??= {})[name] = pixels / this.about.pixels;
      }
    }
    return found;
  }

  /** Path or URL of a file; null if it is missing. */
  href(patch, sensor) {
    const folder = this.columns[sensor][patch];
    return folder === NULL ? null : this.about.names.folders[folder] + this.fileName(patch, sensor);
  }

  fileName(patch, sensor) {
    const { season, scene } = this.about.scenes[this.columns.scene_id[patch]];
    const values = { roi: this.about.rois[season], season, sensor, scene, patch: this.columns.patch[patch] }; // prettier-ignore
    return this.about.file.replaceAll(/{(\w+)}/g, (_, name) => values[name]);
  }
}

function boxOfOutline([{ x, y }]) {
  return {
    xmin: x.reduce(least),
    xmax: x.reduce(most),
    ymin: y.reduce(least),
    ymax: y.reduce(most),
  };
}

const least = (one, other) => Math.min(one, other);
const most = (one, other) => Math.max(one, other);

/** Bounding boxes of the footprints; NaN, which is in no box, where there is none. */
function boxesOf({ x, y, corners, polygons }, count) {
  const boxes = {};
  for (const side of ["xmin", "ymin", "xmax", "ymax"])
    boxes[side] = new Float64Array(count).fill(NaN);
  for (let i = 0; i < count; i++) {
    const [from, to] = [corners[polygons[i]], corners[polygons[i + 1]]];
    if (from === to) continue;
    let [west, south, east, north] = [x[from], y[from], x[from], y[from]];
    for (let j = from + 1; j < to; j++) {
      if (x[j] < west) west = x[j];
      if (x[j] > east) east = x[j];
      if (y[j] < south) south = y[j];
      if (y[j] > north) north = y[j];
    }
    boxes.xmin[i] = west;
    boxes.ymin[i] = south;
    boxes.xmax[i] = east;
    boxes.ymax[i] = north;
  }
  return boxes;
}
