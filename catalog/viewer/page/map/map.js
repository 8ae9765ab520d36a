// The map: scenes from afar, patches from near, in the colour of what covers most of them; pictures
// on top where there are some. OpenLayers is the global `ol`.

import { element } from "./panel.js";
import { createPictures } from "./pictures.js";

const PATCHES_BELOW = 900; // map units a pixel; from there on, patches are drawn instead of scenes
const PICTURES_BELOW = 45; // a picture is some 30 pixels wide then
const SMALL = 9; // pixels; scenes that would be smaller are drawn as dots
const NONE = "#8a8f94"; // a patch whose land cover is not known
const LEFT_OUT = "#c9ced2";
const INK = "#22303a";
const ACCENT = "#0b5f68";
const MOST_UNDER = 12;

/** The map; `choose(patch, how)`, `moved(view, picture)` and `drawn(wkt)` are told what users do. */
export function createMap(search, { choose, moved, drawn }) {
  const { about, columns } = search;
  const covers = about.names.dominant_cover ?? [];
  const colors = covers.map((name) => about.cover[name]);
  const world = projected(columns);
  const scenes = sceneBoxes(columns, world, about.scenes.length);
  let shown = null; // the answer that is drawn
  let regions = { region: [], not_region: [] };
  let marked = null;
  let pointed = null;

  const basemap = new ol.layer.Vector({
    source: new ol.source.Vector({
      wrapX: false,
      attributions: "Made with Natural Earth",
      loader: loadCountries,
      format: new ol.format.GeoJSON(),
    }),
    style: { "fill-color": "#f7f5ee", "stroke-color": "#b5b5ab", "stroke-width": 0.7 },
  });
  const patches = new ol.layer.Layer({ render: (frame) => draw(frame) });
  const canvas = document.createElement("canvas");
  canvas.className = "patches";
  const map = new ol.Map({
    target: "map",
    layers: [basemap, patches],
    view: new ol.View({
      center: [1e6, 2.6e6],
      zoom: 1.9,
      minZoom: 1,
      maxZoom: 16,
      extent: [-20037508, -9000000, 20037508, 18500000],
      smoothExtentConstraint: false,
      showFullExtent: true,
    }),
  });
  const pictures = createPictures(search, world, () => patches.changed());
  fillPictures();
  fillLegend();
  map.on("moveend", tellMoved);
  map.on("singleclick", clicked);
  map.on("pointermove", pointedAt);
  map.getTargetElement().addEventListener("keydown", (event) => {
    if (event.key === "Enter") chooseAt(map.getView().getCenter());
  });
  map.addInteraction(dropped());

  async function loadCountries(extent, resolution, projection) {
    const { fetchJson } = await import("./columns.js");
    const url = new URL("./countries.json.gz", import.meta.url).href;
    const read = { featureProjection: projection };
    this.addFeatures(this.getFormat().readFeatures(await fetchJson(url), read));
  }

  function dropped() {
    const drop = new ol.interaction.DragAndDrop({ formatConstructors: [ol.format.GeoJSON] });
    drop.on("addfeatures", ({ features }) => {
      const format = new ol.format.GeoJSON({ featureProjection: "EPSG:3857" });
      drawn(format.writeFeatures(features, { decimals: 7 }));
    });
    return drop;
  }

  function fillPictures() {
    if (!about.picture) return;
    const names = Object.entries(about.previews).filter(([name]) => name.startsWith("overview"));
    for (const [name, title] of [["", "Cover"], ...names]) {
      const input = element("input", { type: "radio", name: "picture", value: name });
      input.checked = !name;
      input.addEventListener("change", () => {
        pictures.choose(name);
        tellMoved();
      });
      document.getElementById("pictures").append(element("label", {}, input, shortTitle(title)));
    }
  }

  function fillLegend() {
    const legend = document.getElementById("legend");
    const entries = covers.length
      ? Object.entries(about.cover)
      : [["not known: no land-cover files", NONE]];
    legend.append(
      element("h2", {}, covers.length ? "Cover of most of a patch" : "Land cover"),
      element(
        "ul",
        {},
        ...entries.map(([name, color]) => {
          const swatch = element("i");
          swatch.style.background = color;
          return element("li", {}, swatch, name.replaceAll("_", " "));
        }),
      ),
    );
  }

  function tellMoved() {
    const view = map.getView();
    const [lon, lat] = ol.proj.toLonLat(view.getCenter());
    const zoom = Number(view.getZoom().toFixed(2));
    moved([Number(lon.toFixed(4)), Number(lat.toFixed(4)), zoom], pictures.chosen || null);
  }

  function colorOf(patch) {
    return colors[columns.dominant_cover?.[patch]] ?? NONE;
  }

  /** Draw what is in sight. */
  function draw(frame) {
    const [width, height] = frame.size;
    const ratio = frame.pixelRatio;
    if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    const { resolution, center } = frame.viewState;
    const sight = {
      context,
      resolution,
      x: (value) => (value - center[0]) / resolution + width / 2,
      y: (value) => (center[1] - value) / resolution + height / 2,
      extent: frame.extent,
    };
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    drawRegions(sight);
    if (!shown) return canvas;
    if (resolution < PATCHES_BELOW) drawPatches(sight);
    else drawScenes(sight);
    return canvas;
  }

  function drawRegions({ context, x, y }) {
    for (const name of ["region", "not_region"]) {
      context.beginPath();
      for (const { edges } of regions[name])
        for (let i = 0; i < edges.length; i += 4) {
          context.moveTo(x(edges[i]), y(edges[i + 1]));
          context.lineTo(x(edges[i + 2]), y(edges[i + 3]));
        }
      context.setLineDash(name === "region" ? [] : [6, 5]);
      context.strokeStyle = name === "region" ? ACCENT : "#b3261e";
      context.lineWidth = 2;
      context.stroke();
    }
    context.setLineDash([]);
  }

  function inSight({ extent }) {
    const [west, south, east, north] = extent;
    const found = [];
    const { xmin, ymin, xmax, ymax } = world.boxes;
    for (let i = 0; i < xmin.length; i++)
      if (xmin[i] <= east && xmax[i] >= west && ymin[i] <= north && ymax[i] >= south) found.push(i);
    return found;
  }

  function trace(context, sight, points, from, to) {
    context.moveTo(sight.x(points.x[from]), sight.y(points.y[from]));
    for (let j = from + 1; j < to; j++) context.lineTo(sight.x(points.x[j]), sight.y(points.y[j]));
    context.closePath();
  }

  /** The cells of the patches, by colour; each cell is the ground that a patch shares with nobody. */
  function drawPatches(sight) {
    const { context, resolution } = sight;
    const groups = new Map();
    const found = inSight(sight);
    for (const patch of found) {
      const color = shown.selected[patch] ? colorOf(patch) : LEFT_OUT;
      if (!groups.has(color)) groups.set(color, []);
      groups.get(color).push(patch);
    }
    for (const [color, members] of groups) {
      context.beginPath();
      for (const patch of members) cell(context, sight, patch);
      context.fillStyle = color === LEFT_OUT ? `${color}99` : color;
      context.fill();
      if (resolution < 120) {
        context.strokeStyle = "#ffffff66";
        context.lineWidth = 0.7;
        context.stroke();
      }
    }
    if (pictures.chosen && resolution < PICTURES_BELOW)
      pictures.draw(sight, found.filter((patch) => shown.selected[patch]));
    outline(sight, pointed, INK, 1.5);
    outline(sight, marked, "#ffffff", 5);
    outline(sight, marked, ACCENT, 2.5);
  }

  function cell(context, sight, patch) {
    for (let part = columns.polygons[patch]; part < columns.polygons[patch + 1]; part++)
      trace(context, sight, world.cells, columns.corners[part], columns.corners[part + 1] - 1);
  }

  function outline(sight, patch, color, width) {
    if (patch === null) return;
    const { context } = sight;
    context.beginPath();
    for (let part = columns.polygons[patch]; part < columns.polygons[patch + 1]; part++)
      trace(context, sight, world, columns.corners[part], columns.corners[part + 1] - 1);
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }

  function drawScenes(sight) {
    const { context, resolution } = sight;
    const numbers = [...scenes.keys()];
    // Scenes with selected patches lie on top of the others.
    numbers.sort((a, b) => Math.sign(shown.scenes[a].count) - Math.sign(shown.scenes[b].count));
    for (const number of numbers) {
      const [west, south, east, north] = scenes[number];
      if (west > east) continue;
      const { count, cover } = shown.scenes[number];
      const color = count ? (about.cover[cover] ?? NONE) : LEFT_OUT;
      context.beginPath();
      if ((east - west) / resolution > SMALL)
        context.rect(sight.x(west), sight.y(north), (east - west) / resolution, (north - south) / resolution);
      else context.arc(sight.x((west + east) / 2), sight.y((south + north) / 2), count ? 5 : 3, 0, 7);
      context.fillStyle = color;
      context.fill();
      context.strokeStyle = count ? INK : "#8a8f94";
      context.lineWidth = count ? 1.2 : 0.6;
      context.stroke();
    }
  }

  /** Patches whose footprint holds a point of the map. */
  function patchesAt([px, py]) {
    const { xmin, ymin, xmax, ymax } = world.boxes;
    const found = [];
    for (let i = 0; i < xmin.length; i++)
      if (xmin[i] <= px && xmax[i] >= px && ymin[i] <= py && ymax[i] >= py) found.push(i);
    const middle = (i) => Math.hypot((xmin[i] + xmax[i]) / 2 - px, (ymin[i] + ymax[i]) / 2 - py);
    found.sort((a, b) => shown.selected[b] - shown.selected[a] || middle(a) - middle(b));
    return found.slice(0, MOST_UNDER);
  }

  function sceneAt([px, py]) {
    const reach = 7 * map.getView().getResolution();
    const isNear = ([west, south, east, north]) =>
      px >= west - reach && px <= east + reach && py >= south - reach && py <= north + reach;
    const found = scenes.findIndex((box, number) => isNear(box) && shown.scenes[number].count);
    return found < 0 ? scenes.findIndex(isNear) : found;
  }

  function isNear() {
    return map.getView().getResolution() < PATCHES_BELOW;
  }

  function chooseAt(point) {
    if (!shown) return;
    if (isNear()) {
      const under = patchesAt(point);
      choose(under[0] ?? null, { under });
    } else {
      const scene = sceneAt(point);
      if (scene >= 0) zoomTo(scenes[scene]);
    }
  }

  function clicked(event) {
    if (!drawing) chooseAt(event.coordinate);
  }

  function pointedAt(event) {
    if (!shown || event.dragging) return;
    const found = isNear() ? (patchesAt(event.coordinate)[0] ?? null) : null;
    const hit = found !== null || (!isNear() && sceneAt(event.coordinate) >= 0);
    map.getTargetElement().style.cursor = hit ? "pointer" : "";
    if (found === pointed) return;
    pointed = found;
    patches.changed();
  }

  function zoomTo(extent, maxZoom = 12) {
    const padding = [60, 60, 60, 60];
    map.getView().cancelAnimations();
    map.getView().fit(extent, { padding, maxZoom, duration: document.hidden ? 0 : 400 });
  }

  let drawing = null;

  /** Let the user draw a Box or a Polygon. */
  function drawShape(shape) {
    map.removeInteraction(drawing);
    drawing = new ol.interaction.Draw({
      type: shape === "Box" ? "Circle" : "Polygon",
      ...(shape === "Box" ? { geometryFunction: ol.interaction.Draw.createBox() } : {}),
    });
    drawing.on("drawend", ({ feature }) => {
      const [ring] = feature.getGeometry().clone().transform("EPSG:3857", "EPSG:4326").getCoordinates();
      const digits = (value) => Number(value.toFixed(5));
      const corners = ring.map(([lon, lat]) => [digits(lon), digits(lat)]);
      drawn(shape === "Box" ? boxOf(corners) : `POLYGON ((${corners.map((c) => c.join(" ")).join(", ")}))`);
      map.removeInteraction(drawing);
      setTimeout(() => (drawing = null));
    });
    map.addInteraction(drawing);
    map.getTargetElement().focus();
  }

  return {
    draw: drawShape,
    /** West, south, east, north of what is in sight, degrees. */
    box() {
      const extent = map.getView().calculateExtent(map.getSize());
      const [west, south, east, north] = ol.proj.transformExtent(extent, "EPSG:3857", "EPSG:4326");
      const edges = [Math.max(west, -180), Math.max(south, -90), Math.min(east, 180), Math.min(north, 90)];
      return edges.map((edge) => Number(edge.toFixed(3)));
    },
    look([lon, lat, zoom]) {
      map.getView().setCenter(ol.proj.fromLonLat([lon, lat]));
      map.getView().setZoom(zoom);
    },
    paint(picture) {
      pictures.choose(picture ?? "");
      for (const input of document.querySelectorAll("[name=picture]"))
        input.checked = input.value === (picture ?? "");
      patches.changed();
    },
    show(answer, found, zoom) {
      shown = answer;
      regions = {
        region: found.region.map(outlined),
        not_region: found.not_region.map(outlined),
      };
      const boxes = found.region.map(({ box }) => box);
      if (zoom && boxes.length) zoomTo(extentOf(boxes), 10);
      patches.changed();
    },
    mark(patch, move) {
      marked = patch;
      const { xmin, ymin, xmax, ymax } = world.boxes;
      if (patch !== null && move) zoomTo([xmin[patch], ymin[patch], xmax[patch], ymax[patch]], 13);
      patches.changed();
    },
  };
}

function shortTitle(title) {
  return title.replace(/ in .*/, "");
}

function boxOf(corners) {
  const [lons, lats] = [corners.map(([lon]) => lon), corners.map(([, lat]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)].join();
}

function extentOf(boxes) {
  const least = (side) => Math.min(...boxes.map((box) => box[side]));
  const most = (side) => Math.max(...boxes.map((box) => box[side]));
  const degrees = [least("xmin"), Math.max(-84, least("ymin")), most("xmax"), Math.min(84, most("ymax"))];
  return ol.proj.transformExtent(degrees, "EPSG:4326", "EPSG:3857");
}

const RADIUS = 6378137;
const mercatorX = (lon) => (RADIUS * lon * Math.PI) / 180;
const mercatorY = (lat) => RADIUS * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));

/** Footprints in EPSG:3857, the cell of each, half as wide, and their bounding boxes. */
function projected({ x, y, corners, polygons }) {
  const world = { x: x.map(mercatorX), y: y.map(mercatorY) };
  const cells = { x: new Float64Array(x.length), y: new Float64Array(y.length) };
  const count = polygons.length - 1;
  const boxes = {};
  for (const side of ["xmin", "ymin", "xmax", "ymax"]) boxes[side] = new Float64Array(count).fill(NaN);
  for (let i = 0; i < count; i++) {
    const [from, to] = [corners[polygons[i]], corners[polygons[i + 1]]];
    if (from === to) continue;
    for (const [axis, low, high] of [["x", "xmin", "xmax"], ["y", "ymin", "ymax"]]) { // prettier-ignore
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

function sceneBoxes(columns, { boxes }, count) {
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
function outlined(region) {
  const edges = region.polygons.flatMap((polygon) =>
    polygon.flatMap(({ x, y }) =>
      Array.from({ length: x.length - 1 }, (_, i) => [x[i], y[i], x[i + 1], y[i + 1]]),
    ),
  );
  const kept = region.named ? withoutCuts(edges) : edges;
  const clipped = (lat) => mercatorY(Math.max(-85, Math.min(85, lat)));
  return {
    edges: kept.flatMap(([ax, ay, bx, by]) => [mercatorX(ax), clipped(ay), mercatorX(bx), clipped(by)]),
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
