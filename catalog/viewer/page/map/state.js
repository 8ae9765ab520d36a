// Filters, view and chosen patch in the page's URL, so that it can be shared.

import { boundsOf, FilterError, knownNames, nameOf } from "./conditions.js";

const SEVERAL = ["region", "not_region", "season", "local_season", "split", "country", "dominant_cover", "sensor", "cover"]; // prettier-ignore
const OWN = ["complete", "at", "patch", "picture"];

/** Filters, view, patch and picture of a query, and a sentence for each part that is not understood. */
export function fromQuery(query, search) {
  const problems = [];
  const attempt = (check) => {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      problems.push(error.message);
      return null;
    }
  };
  const filters = {};
  const known = (name, text) => {
    if (name === "cover") return boundsOf(text, search.shares) && text;
    const names = knownNames(name, search.about);
    return names ? nameOf(name.replace("_", " "), text, names) : text.trim();
  };
  for (const name of SEVERAL) {
    const values = query.getAll(name).map((text) => attempt(() => known(name, text)));
    const found = [...new Set(values.filter(Boolean))];
    if (found.length) filters[name] = found;
  }
  const complete = query.get("complete");
  if (complete === "true" || complete === "false") filters.complete = complete === "true";
  else if (complete !== null)
    problems.push(`complete=${complete} is not a filter: write true or false`);
  for (const name of new Set(query.keys()))
    if (![...SEVERAL, ...OWN].includes(name))
      problems.push(`there is no filter '${name}': it is left out`);
  const at = (query.get("at") ?? "").split(",").map(Number);
  const view = at.length === 3 && at.every(Number.isFinite) && isInMap(at) ? at : null;
  if (query.has("at") && !view)
    problems.push(`at=${query.get("at")} is not a view: write lon,lat,zoom`);
  let picture = query.get("picture");
  if (picture !== null && !(picture in search.about.previews)) {
    problems.push(`there is no picture '${picture}': it is left out`);
    picture = null;
  }
  return { filters, view, patch: query.get("patch"), picture, problems };
}

/** Whether a view is one that the map can show: EPSG:3857 ends before the poles. */
function isInMap([lon, lat, zoom]) {
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 85 && zoom >= 0 && zoom <= 30;
}

/** The inverse: the query of a state. */
export function toQuery({ filters, view, patch, picture }) {
  const query = new URLSearchParams();
  for (const name of SEVERAL) for (const text of filters[name] ?? []) query.append(name, text);
  if (filters.complete !== undefined) query.set("complete", filters.complete);
  if (view) query.set("at", view.join());
  if (patch) query.set("patch", patch);
  if (picture) query.set("picture", picture);
  return query;
}
