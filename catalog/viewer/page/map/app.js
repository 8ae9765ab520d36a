// The map page: filters, the map and the patches of the answer, over one state.

import { showCard } from "./card.js";
import { createMap } from "./map.js";
import { createPanel } from "./panel.js";
import { searchInWorker } from "./remote.js";
import { fromQuery, toQuery } from "./state.js";
import { createStrip } from "./strip.js";
import { texts } from "./texts.js";

const FOLLOWS = 250; // milliseconds that a moved map may rest before the URL follows

const $ = (id) => document.getElementById(id);
const state = { filters: {}, view: null, patch: null, picture: null };
let asked = 0; // the number of the question that was asked last
let timer;

try {
  await start();
} catch (error) {
  $("error").textContent = error.message;
  $("count").textContent = "";
  document.body.dataset.state = "failed";
}

async function start() {
  const search = await searchInWorker(new URL("./", import.meta.url).href);
  const { about } = search;
  document.title = `${about.title} · map`;
  $("title").textContent = about.title;
  $("about").textContent = about.description;
  if (about.browser) $("links").append(link("STAC Browser", about.browser));
  $("links").append(link("catalog.json", "catalog.json"));

  const panel = createPanel(search, changed);
  const map = createMap(search, { choose, moved, drawn });
  const strip = createStrip(search, choose);
  window.addEventListener("popstate", restore);
  await restore();

  /** Take the state of the page's URL. */
  async function restore() {
    const found = fromQuery(new URLSearchParams(location.search), search);
    Object.assign(state, found);
    panel.show(state.filters);
    map.paint(state.picture);
    if (state.view) map.look(state.view);
    const refusal = await ask(!state.view && !state.patch);
    if (refusal) found.problems.unshift(refusal);
    const patch = state.patch ? search.numberOf(state.patch) : null;
    if (state.patch && patch === null)
      found.problems.push(`there is no patch '${state.patch}' in this catalog`);
    await choose(patch, { move: !state.view });
    if (found.problems.length) panel.tell(found.problems.join(" · "));
  }

  /** Another filter was chosen: the question goes to the history, so that Back takes it back. */
  async function changed(filters, { zoom = false, follows = false } = {}) {
    state.filters = filters;
    const query = `?${toQuery(state)}`;
    if (follows) history.replaceState(null, "", query);
    else history.pushState(null, "", query);
    await ask(zoom);
  }

  /** Ask what the filters say; the reason where that is refused. */
  async function ask(zoom) {
    const number = ++asked;
    document.body.dataset.state = "asking";
    try {
      const [answer, regions] = await Promise.all([
        search.ask(state.filters),
        resolved(state.filters),
      ]);
      if (number !== asked) return "";
      panel.answer(answer, texts(state.filters, regions, search.shares), state.filters);
      map.show(answer, regions, zoom);
      strip.show(answer.selected, state.patch);
      document.body.dataset.state = "ready";
      return "";
    } catch (error) {
      if (number !== asked) return "";
      document.body.dataset.state = "refused";
      panel.refuse(error.message);
      return error.message;
    }
  }

  async function resolved(filters) {
    const of = (name) => Promise.all((filters[name] ?? []).map((text) => search.region(text)));
    return { region: await of("region"), not_region: await of("not_region") };
  }

  async function choose(patch, { move = false, under = [] } = {}) {
    state.patch = patch === null ? null : search.idOf(patch);
    history.replaceState(null, "", `?${toQuery(state)}`);
    map.mark(patch, move);
    strip.mark(patch);
    await showCard(search, patch, under, choose);
  }

  function moved(view, picture) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      Object.assign(state, { view, picture });
      history.replaceState(null, "", `?${toQuery(state)}`);
    }, FOLLOWS);
  }

  function drawn(text) {
    panel.addRegion(text);
  }

  $("in-view").addEventListener("click", () => panel.addRegion(map.box().join()));
  $("draw-box").addEventListener("click", () => map.draw("Box"));
  $("draw-polygon").addEventListener("click", () => map.draw("Polygon"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(null);
  });
}

function link(text, href) {
  return Object.assign(document.createElement("a"), { textContent: text, href });
}
