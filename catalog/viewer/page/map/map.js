// The map: what users do on it, and what it is told to show. OpenLayers is the global `ol`.

import { createPainter, NONE, PATCHES_BELOW } from "./draw.js";
import { element } from "./panel.js";
import { createPictures } from "./pictures.js";
import { outlined, projected, sceneBoxes } from "./world.js";

const MOST_UNDER = 12;

/** The map; `choose(patch, how)`, `moved(view, picture)` and `drawn(wkt)` are told what users do. */
export function createMap(search, { choose, moved, drawn }) {
  const { about, columns } = search;
  const covers = about.names.dominant_cover ?? [];
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
  const patches = new ol.layer.Layer({
    render: (frame) => paint(frame, { shown, regions, marked, pointed }),
  });
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
  const paint = createPainter(search, world, scenes, pictures);
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
    for (const [name, title] of [["", "Dominant cover"], ...names]) {
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
      element("h2", {}, covers.length ? "Dominant land cover" : "Land cover"),
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

  function zoomTo(extent, maxZoom = 12, below = 60) {
    const padding = [60, 60, below, 60];
    map.getView().cancelAnimations();
    map.getView().fit(extent, { padding, maxZoom, duration: document.hidden ? 0 : 400 });
  }

  /** Pixels at the bottom that a card covers, on narrow screens alone: see page.css. */
  function underCard() {
    return matchMedia("(max-width: 700px)").matches ? 80 + 0.46 * map.getSize()[1] : undefined;
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
      const [ring] = feature
        .getGeometry()
        .clone()
        .transform("EPSG:3857", "EPSG:4326")
        .getCoordinates();
      const digits = (value) => Number(value.toFixed(5));
      const corners = ring.map(([lon, lat]) => [digits(lon), digits(lat)]);
      drawn(
        shape === "Box"
          ? boxOf(corners)
          : `POLYGON ((${corners.map((c) => c.join(" ")).join(", ")}))`,
      );
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
      const edges = [
        Math.max(west, -180),
        Math.max(south, -90),
        Math.min(east, 180),
        Math.min(north, 90),
      ];
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
      if (patch !== null && move)
        zoomTo([xmin[patch], ymin[patch], xmax[patch], ymax[patch]], 13, underCard());
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
  const degrees = [
    least("xmin"),
    Math.max(-84, least("ymin")),
    most("xmax"),
    Math.min(84, most("ymax")),
  ];
  return ol.proj.transformExtent(degrees, "EPSG:4326", "EPSG:3857");
}
