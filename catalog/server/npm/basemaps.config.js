// Stands in for STAC Browser's own file of this name, which names tiles on the web: the basemaps
// are those of the runtime configuration, GeoJSON files of this server.
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import GeoJSON from "ol/format/GeoJSON.js";
import Style from "ol/style/Style.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";

const land = new Style({
  fill: new Fill({ color: "#f7f5ee" }),
  stroke: new Stroke({ color: "#b5b5ab", width: 0.7 }),
});

function layer({ title, url, attributions }) {
  const source = new VectorSource({ url, attributions, overlaps: false, format: new GeoJSON() });
  return new VectorLayer({ title, base: true, background: "#dfe9f0", source, style: land });
}

export default function configureBasemap() {
  return (window.STAC_BROWSER_BASEMAPS || []).map((basemap) => ({
    title: basemap.title,
    projection: "EPSG:3857",
    layerCreated: async () => layer(basemap),
  }));
}
