// The search in a thread of its own: {id, name, values} in, {id, answer} or {id, error} out.

import { listed } from "./lists.js";
import { Search } from "./search.js";

let search;

const METHODS = {
  async load(base) {
    search = await Search.load(base);
    return { about: search.about, columns: search.columns };
  },
  async ask(filters) {
    return search.ask(filters);
  },
  async ids(filters) {
    return search.ids(filters);
  },
  async region(text) {
    return (await search.regions()).resolve(text);
  },
  async suggest(text) {
    return (await search.regions()).suggest(text);
  },
  async shares(patch) {
    return search.sharesOf(patch);
  },
  async list(format, filters, sensors) {
    return listed(search, format, await search.chosen(filters), sensors);
  },
};

self.onmessage = async ({ data: { id, name, values } }) => {
  try {
    self.postMessage({ id, answer: await METHODS[name](...values) });
  } catch (error) {
    self.postMessage({ id, error: error.message, refused: error.constructor.name });
  }
};
