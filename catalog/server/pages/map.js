// The map page: filters to the server, its answers to the map. OpenLayers is the global `ol`; when it
// is not there, all but the map works.

const PATCH_RESOLUTION = 700; // metres a pixel; below it, patches are drawn instead of scenes
const SMALL = 9; // pixels; scenes that would be smaller are drawn as dots
const NOTHING = { type: "FeatureCollection", features: [] };

const $ = (id) => document.getElementById(id);
const form = $("filters");
const options = await (await fetch("/map/options.json")).json();
const view = window.ol ? createMap() : null;
let asked; // the request that is under way
let timer; // of the pause after the last key

fillForm();
restore();
form.addEventListener("input", changed);
form.addEventListener("submit", (event) => event.preventDefault());
$("copy").addEventListener("click", copySql);
$("in-view").addEventListener("click", takeView);
$("in-view").hidden = $("legend").hidden = !view;
$("no-map").hidden = Boolean(view);
await refresh();

function fillForm() {
  for (const season of options.seasons) $("seasons").append(pill("checkbox", "season", season));
  $("splits").append(pill("radio", "split", "", "both"));
  for (const split of options.splits) $("splits").append(pill("radio", "split", split));
  for (const cover of Object.keys(options.covers))
    form.class.append(new Option(words(cover), cover));
  for (const sensor of options.sensors) form.sensor.append(new Option(sensor, sensor));
  for (const [kind, name] of options.regions) {
    $("regions").append(Object.assign(new Option("", name), { label: kind }));
  }
  for (const [cover, color] of Object.entries(options.covers)) {
    const entry = document.createElement("li");
    const swatch = document.createElement("i");
    swatch.style.background = color;
    entry.append(swatch, words(cover));
    $("legend").append(entry);
  }
}

function pill(type, name, value, title = value) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type, name, value });
  const text = Object.assign(document.createElement("span"), { textContent: title });
  input.defaultChecked = input.checked = type === "radio" && value === "";
  label.className = "pill";
  label.append(input, text);
  return label;
}

function words(name) {
  return name.replaceAll("_", " ");
}

/** What is asked, as the query of a URL. */
function filters() {
  const data = new FormData(form);
  const query = new URLSearchParams();
  for (const name of ["region", "not_region", "season", "split"]) {
    for (const value of data.getAll(name)) if (value.trim()) query.append(name, value.trim());
  }
  if (data.get("class")) query.append("cover", `${data.get("class")}>=${data.get("share") / 100}`);
  return query;
}

/** The inverse: the query of this page's URL, which may be shared, to the form. */
function restore() {
  const query = new URLSearchParams(location.search);
  for (const name of ["region", "not_region"]) form[name].value = query.get(name) ?? "";
  for (const input of form.querySelectorAll(".pill input")) {
    const values = query.getAll(input.name);
    if (values.length) input.checked = values.includes(input.value);
  }
  const cover = /^(\w+)>=([\d.]+)$/.exec(query.get("cover") ?? "");
  if (cover) {
    form.class.value = cover[1];
    form.share.value = Math.round(cover[2] * 100);
  }
}

function changed(event) {
  linkPaths();
  clearTimeout(timer);
  timer = setTimeout(refresh, event.target.type === "range" ? 150 : 250);
}

async function refresh() {
  document.body.dataset.state = "asking";
  form.share.disabled = !form.class.value;
  $("at-least").value = form.class.value ? `at least ${form.share.value} % of the patch` : "";
  const query = filters();
  linkPaths();
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  asked?.abort();
  asked = new AbortController();
  const signal = asked.signal;
  try {
    const answer = await fetch(`/map/scenes.json?${query}`, { signal });
    const found = await answer.json();
    $("error").textContent = found.error ?? "";
    if (!found.error) {
      show(found);
      await view?.show(found.scenes, query);
    }
    if (!signal.aborted) document.body.dataset.state = "ready";
  } catch (error) {
    if (error.name === "AbortError") return;
    $("error").textContent = "The server does not answer: is it still running?";
  }
}

function show(found) {
  const number = document.createElement("b");
  const scenes = found.scenes.features.length;
  number.textContent = found.patches.toLocaleString("en");
  $("count").replaceChildren(number, ` patches in ${scenes} scene${scenes === 1 ? "" : "s"}`);
  $("sql").textContent = found.sql;
}

function linkPaths() {
  const query = filters();
  if (form.sensor.value) query.append("sensor", form.sensor.value);
  $("download").href = `/map/paths.txt?${query}`;
}

async function copySql() {
  await navigator.clipboard.writeText($("sql").textContent);
  $("copy").textContent = "Copied";
  setTimeout(() => ($("copy").textContent = "Copy"), 1500);
}

function takeView() {
  form.region.value = view.box().join();
  refresh();
}

function createMap() {
  const projection = { featureProjection: "EPSG:3857" };
  const format = new ol.format.GeoJSON(projection);
  const countries = new ol.layer.Vector({
    source: new ol.source.Vector({
      url: "/map/countries.json",
      format,
      wrapX: false,
      attributions: "Natural Earth",
    }),
    style: { "fill-color": "#f7f5ee", "stroke-color": "#b5b5ab", "stroke-width": 0.7 },
  });
  const scenes = vectorLayer({ style: sceneStyle });
  const patches = vectorLayer({ style: patchStyle, maxResolution: PATCH_RESOLUTION });
  const map = new ol.Map({
    target: "map",
    layers: [countries, scenes, patches],
    view: new ol.View({
      center: [1e6, 2.6e6],
      zoom: 1.9,
      minZoom: 1,
      maxZoom: 16,
      extent: [-20037508, -15000000, 20037508, 18500000],
      smoothExtentConstraint: false,
      showFullExtent: true,
    }),
  });
  let query = new URLSearchParams();

  function vectorLayer(settings) {
    return new ol.layer.Vector({ source: new ol.source.Vector({ wrapX: false }), ...settings });
  }

  function draw(layer, features) {
    layer.getSource().clear(true);
    layer.getSource().addFeatures(format.readFeatures(features));
  }

  function box() {
    const [west, south, east, north] = ol.proj.transformExtent(
      map.getView().calculateExtent(map.getSize()),
      "EPSG:3857",
      "EPSG:4326",
    );
    const edges = [
      Math.max(west, -180),
      Math.max(south, -90),
      Math.min(east, 180),
      Math.min(north, 90),
    ];
    return edges.map((edge) => Number(edge.toFixed(3)));
  }

  /** Patches in sight, where they can be told apart; an answer that comes late is not drawn. */
  async function drawPatches() {
    const near = map.getView().getResolution() < PATCH_RESOLUTION;
    const wanted = (drawPatches.wanted = near ? `${query}&box=${box()}` : "");
    const found = near ? await (await fetch(`/map/patches.json?${wanted}`)).json() : NOTHING;
    if (drawPatches.wanted === wanted) draw(patches, found);
  }

  function zoomTo(extent) {
    map.getView().fit(extent, { padding: [60, 60, 60, 60], maxZoom: 12, duration: 500 });
  }

  const clickable = { hitTolerance: 4, layerFilter: (layer) => layer !== countries };
  map.on("moveend", drawPatches);
  map.on("singleclick", (event) => {
    const [feature] = map.getFeaturesAtPixel(event.pixel, clickable);
    $("card").hidden = true;
    if (feature?.get("patch") !== undefined) showCard(feature.getProperties());
    else if (feature) zoomTo(feature.getGeometry().getExtent());
  });
  map.on("pointermove", (event) => {
    const hit = map.hasFeatureAtPixel(event.pixel, clickable);
    map.getTargetElement().style.cursor = hit ? "pointer" : "";
  });

  return {
    box,
    async show(found, now) {
      const moved = (now.get("region") ?? "") !== (query.get("region") ?? "");
      query = now;
      draw(scenes, found);
      if (moved && now.has("region") && found.features.length && now.get("region") !== box().join())
        zoomTo(scenes.getSource().getExtent());
      await drawPatches();
    },
  };
}

function colorOf(feature) {
  return options.covers[feature.get("dominant_cover")] ?? "#888888";
}

function sceneStyle(feature, resolution) {
  const geometry = feature.getGeometry();
  const color = colorOf(feature);
  const stroke = new ol.style.Stroke({ color: "#22303a", width: 1.5 });
  if (ol.extent.getWidth(geometry.getExtent()) / resolution > SMALL) {
    const fill = new ol.style.Fill({
      color: resolution < PATCH_RESOLUTION ? "#0000" : `${color}cc`,
    });
    return new ol.style.Style({ stroke, fill });
  }
  const center = new ol.geom.Point(ol.extent.getCenter(geometry.getExtent()));
  const image = new ol.style.Circle({
    radius: 5,
    fill: new ol.style.Fill({ color }),
    stroke: new ol.style.Stroke({ color: "#22303a", width: 1 }),
  });
  return new ol.style.Style({ geometry: center, image });
}

function patchStyle(feature) {
  const color = colorOf(feature);
  return new ol.style.Style({
    fill: new ol.style.Fill({ color: `${color}55` }),
    stroke: new ol.style.Stroke({ color: "#22303a66", width: 0.7 }),
  });
}

function showCard(patch) {
  const picture = Object.assign(new Image(), {
    src: `/previews/${patch.season}/${patch.scene}/${patch.patch}/thumbnail.png`,
    alt: "Sentinel-2, Sentinel-1 and land cover",
  });
  const title = document.createElement("b");
  title.textContent = `${patch.season} ${patch.scene}, patch ${patch.patch}`;
  const link = document.createElement("a");
  link.href = `/browser/#/api/collections/sen12ms/items/${patch.id}`;
  link.textContent = "open in STAC Browser";
  $("card").replaceChildren(
    picture,
    title,
    `${words(patch.dominant_cover ?? "no land cover")} · `,
    link,
  );
  $("card").hidden = false;
}
