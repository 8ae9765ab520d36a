// A strip of the selected patches: arrow keys step through them.

import { element } from "./panel.js";

const SHOWN = 40;

/** The strip; `choose(patch, how)` is told which patch is wanted. */
export function createStrip(search, choose) {
  const { about, columns } = search;
  const strip = document.getElementById("strip");
  const covers = about.names.dominant_cover ?? [];
  let selected = [];
  let first = 0;
  let marked = null;

  strip.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const place = { Home: 0, End: selected.length - 1 }[event.key];
    if (!selected.length || (step === undefined && place === undefined)) return;
    event.preventDefault();
    const now = selected.indexOf(marked);
    const next = place ?? Math.max(0, Math.min(selected.length - 1, now + step));
    choose(selected[next], { move: true });
  });

  function tile(patch) {
    const id = search.idOf(patch);
    const made = element("div", { className: "tile", title: id, id: `tile-${patch}` });
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", patch === marked);
    made.setAttribute("aria-label", id);
    const address = search.address("picture", patch, { picture: "overview" });
    if (address) made.append(element("img", { src: address, alt: "", loading: "lazy" }));
    else made.style.background = about.cover[covers[columns.dominant_cover?.[patch]]] ?? "#8a8f94";
    made.addEventListener("click", () => choose(patch, { move: true }));
    return made;
  }

  function fill() {
    const place = selected.indexOf(marked);
    if (place >= 0 && (place < first || place >= first + SHOWN))
      first = Math.max(0, place - SHOWN / 2);
    if (first >= selected.length) first = 0;
    strip.replaceChildren(...selected.slice(first, first + SHOWN).map(tile));
    strip.hidden = !selected.length;
    const active = document.getElementById(`tile-${marked}`);
    if (active) {
      strip.setAttribute("aria-activedescendant", active.id);
      strip.scrollLeft = active.offsetLeft - strip.clientWidth / 2;
    } else strip.removeAttribute("aria-activedescendant");
  }

  return {
    show(mask) {
      selected = [];
      for (let i = 0; i < mask.length; i++) if (mask[i]) selected.push(i);
      first = 0;
      fill();
    },
    mark(patch) {
      marked = patch;
      fill();
    },
  };
}
