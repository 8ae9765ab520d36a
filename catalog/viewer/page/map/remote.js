// The search of the worker, as an object; what needs no search is answered here.

import { boundsOf } from "./conditions.js";
import { details } from "./lists.js";
import { Search } from "./search.js";

export async function searchInWorker(base) {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data: { id, answer, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(answer);
    else reject(new Error(error));
  };
  const failed = new Promise((_, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || "the search cannot be started"));
  });
  const call = (name, ...values) => {
    const id = ++last;
    worker.postMessage({ id, name, values });
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  };
  const { about, columns } = await Promise.race([call("load", base), failed]);
  const near = new Search(base, about, columns);
  const numbers = new Map();
  return {
    about,
    columns,
    boxes: near.boxes,
    shares: near.shares,
    boundsOf: (text) => boundsOf(text, near.shares),
    idOf: (patch) => near.idOf(patch),
    href: (patch, sensor) => near.href(patch, sensor),
    fileName: (patch, sensor) => near.fileName(patch, sensor),
    footprint: (patch) => near.footprint(patch),
    details: (patch) => details(near, patch),
    /** The number of a patch by its id; null if there is none. */
    numberOf(id) {
      if (!numbers.size) for (let i = 0; i < near.count; i++) numbers.set(near.idOf(i), i);
      return numbers.get(id) ?? null;
    },
    /** Address of a file of the catalog, by the template that `about` has for it; null without one. */
    address(template, patch, values = {}) {
      const text = about[template];
      if (!text) return null;
      const id = near.idOf(patch);
      const scene = about.scenes[columns.scene_id[patch]];
      const known = { ...values, collection: about.id, id, season: scene.season, scene: scene.scene, scene_id: scene.id, patch: columns.patch[patch] }; // prettier-ignore
      return text.replaceAll(/{(\w+)}/g, (_, name) => known[name]);
    },
    ask: (filters) => call("ask", filters),
    ids: (filters) => call("ids", filters),
    region: (text) => call("region", text),
    suggest: (text) => call("suggest", text),
    sharesOf: (patch) => call("shares", patch),
    list: (format, filters, sensors) => call("list", format, filters, sensors),
  };
}
