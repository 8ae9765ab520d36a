// The selected patches as files to take away.

const FORMATS = {
  paths(search, patches, sensors) {
    const lines = patches.flatMap((patch) => sensors.map((sensor) => search.href(patch, sensor)));
    return lines.filter((line) => line !== null);
  },
  manifest(search, patches) {
    return patches.map((patch) => search.fileName(patch, search.about.listed));
  },
  csv(search, patches, sensors) {
    const names = ["id", "season", "local_season", "scene", "patch", "split", "country"];
    const head = [...names, "dominant_cover", "lon", "lat", ...sensors];
    return [head.join(), ...patches.map((patch) => row(search, patch, sensors).map(cell).join())];
  },
  geojson(search, patches) {
    const features = patches.map((patch) => JSON.stringify(feature(search, patch)));
    const body = features.map((text, i) => text + (i < features.length - 1 ? "," : ""));
    return ['{"type": "FeatureCollection", "features": [', ...body, "]}"];
  },
};

/** The text of a list: paths, manifest, csv or geojson. */
export function listed(search, format, patches, sensors) {
  return FORMATS[format](search, patches, sensors)
    .map((line) => `${line}\n`)
    .join("");
}

export function details(search, patch) {
  const { season, scene } = search.about.scenes[search.columns.scene_id[patch]];
  const name = (column) => search.about.names[column]?.[search.columns[column][patch]] ?? null;
  const { xmin, ymin, xmax, ymax } = search.boxes;
  return {
    id: search.idOf(patch),
    season,
    local_season: name("local_season"),
    scene,
    patch: search.columns.patch[patch],
    split: name("split"),
    country: name("country"),
    dominant_cover: name("dominant_cover"),
    lon: (xmin[patch] + xmax[patch]) / 2,
    lat: (ymin[patch] + ymax[patch]) / 2,
  };
}

function row(search, patch, sensors) {
  return [
    ...Object.values(details(search, patch)),
    ...sensors.map((sensor) => search.href(patch, sensor)),
  ];
}

function cell(value) {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function feature(search, patch) {
  const polygons = search
    .footprint(patch)
    .map((rings) => rings.map(({ x, y }) => Array.from(x, (value, i) => [value, y[i]])));
  const geometry =
    polygons.length === 1
      ? { type: "Polygon", coordinates: polygons[0] }
      : { type: "MultiPolygon", coordinates: polygons };
  const files = Object.fromEntries(
    Object.keys(search.about.sensors).map((sensor) => [sensor, search.href(patch, sensor)]),
  );
  const properties = { ...details(search, patch), ...files };
  return { type: "Feature", geometry: polygons.length ? geometry : null, properties };
}
