// The question as text to take away: SQL, Python, the command line, CQL2. Each gives the same patches.

import { boundsOf } from "./conditions.js";
import { wktOf } from "./regions.js";

const NAMES = ["season", "local_season", "split", "country", "dominant_cover"];
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
const isOneOf = (name, values) => `${name} IN (${values.map(quoted).join(", ")})`;

/** The texts by format; `regions` are those of `filters.region` and `not_region`, resolved. */
export function texts(filters, regions, shares) {
  return {
    SQL: sql(filters, regions, shares),
    Python: python(filters),
    "Command line": commandLine(filters),
    CQL2: cql2(filters, regions, shares),
  };
}

function plain(filters, shares) {
  const bounds = (filters.cover ?? []).flatMap((text) => boundsOf(text, shares));
  return [
    ...NAMES.filter((name) => filters[name]?.length).map((name) => isOneOf(name, filters[name])),
    ...bounds.map((b) => `${b.legend}.${b.name} ${b.operator} ${b.value}`),
  ];
}

function sql(filters, regions, shares) {
  const conditions = plain(filters, shares);
  for (const sensor of filters.sensor ?? []) conditions.push(`${sensor} IS NOT NULL`);
  if (filters.complete !== undefined)
    conditions.push(filters.complete ? "complete" : "NOT complete");
  if (regions.region.length) conditions.push(`(${regions.region.map(inRegion).join(" OR ")})`);
  if (regions.not_region.length)
    conditions.push(`(${regions.not_region.map(inRegion).join(" OR ")}) IS NOT TRUE`);
  const where = conditions.length ? `\nWHERE\n    ${conditions.join("\n    AND ")}` : "";
  return `SELECT *\nFROM patches${where}\nORDER BY season, scene, patch`;
}

function inRegion({ named, text, polygons, box }) {
  if (named) return `id IN (SELECT id FROM patches_in_region(${quoted(text)}))`;
  const near = `xmin <= ${box.xmax} AND xmax >= ${box.xmin} AND ymin <= ${box.ymax} AND ymax >= ${box.ymin}`;
  return `(${near} AND ST_Intersects(geometry, ST_GeomFromText(${quoted(wktOf(polygons))})))`;
}

/** Countries and dominant covers are asked for in CQL2: `select` has no argument for them. */
function filterOf(filters) {
  const named = ["country", "dominant_cover"].filter((name) => filters[name]?.length);
  return named.map((name) => isOneOf(name, filters[name])).join(" AND ");
}

function python(filters) {
  const value = (given) => (given.length === 1 ? JSON.stringify(given[0]) : JSON.stringify(given));
  const given = [];
  for (const name of ["region", "not_region", "season", "local_season", "split", "sensor", "cover"])
    if (filters[name]?.length) given.push(`    ${name}=${value(filters[name])},`);
  if (filters.complete !== undefined)
    given.push(`    complete=${filters.complete ? "True" : "False"},`);
  if (filterOf(filters)) given.push(`    filter=${JSON.stringify(filterOf(filters))},`);
  const call = given.length ? `select(\n${given.join("\n")}\n)` : "select()";
  return `from catalog import Catalog\n\ncat = Catalog.open("sen12ms-catalog")\nsubset = cat.${call}`;
}

function commandLine(filters) {
  const word = (text) =>
    /^[\w.,:=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const parts = ["sen12ms select sen12ms-catalog"];
  for (const name of ["region", "not_region", "season", "local_season", "split", "sensor", "cover"])
    for (const text of filters[name] ?? [])
      parts.push(`--${name.replace("_", "-")}${text.startsWith("-") ? "=" : " "}${word(text)}`);
  if (filters.complete !== undefined) parts.push(filters.complete ? "--complete" : "--incomplete");
  if (filterOf(filters)) parts.push(`--filter ${word(filterOf(filters))}`);
  return parts.join(" \\\n    ");
}

function cql2(filters, regions, shares) {
  const all = [...regions.region, ...regions.not_region];
  if (all.some(({ named }) => named))
    return "-- CQL2 has no names of regions: draw a box or a polygon, or copy another format";
  if (filters.sensor?.length)
    return "-- CQL2 cannot ask for single files: copy another format, or require all files";
  const conditions = plain(filters, shares);
  const within = (list) =>
    list.map((r) => `S_INTERSECTS(geometry, ${wktOf(r.polygons)})`).join(" OR ");
  if (filters.complete !== undefined) conditions.push(`complete = ${filters.complete}`);
  if (regions.region.length) conditions.push(`(${within(regions.region)})`);
  if (regions.not_region.length) conditions.push(`NOT (${within(regions.not_region)})`);
  return conditions.join(" AND ");
}
