// The card of one patch: where it is, what covers it, its files.

import { element } from "./panel.js";

const words = (name) => name.replaceAll("_", " ");

/** Show a patch, or none; `under` are all the patches where the user clicked. */
export async function showCard(search, patch, under, choose) {
  const card = document.getElementById("card");
  const list = document.getElementById("under");
  // With the button that closes it the card takes the focus away: the keys go on in the strip.
  if (patch === null && card.contains(document.activeElement))
    document.getElementById("strip").focus();
  card.hidden = patch === null;
  list.hidden = under.length < 2;
  if (patch === null) return;
  const shares = await search.sharesOf(patch);
  const about = search.details(patch);
  const close = element("button", { type: "button", className: "close", textContent: "×" });
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => choose(null));
  card.replaceChildren(
    close,
    element("h2", {}, about.id),
    ...picture(search, patch),
    facts(search, about),
    ...bars(search, shares),
    links(search, patch),
  );
  list.replaceChildren(
    element("h2", {}, `${under.length} patches here`),
    ...under.map((other) => {
      const button = element("button", { type: "button", textContent: search.idOf(other) });
      button.setAttribute("aria-pressed", other === patch);
      button.addEventListener("click", () => choose(other, { under }));
      return button;
    }),
  );
}

function picture(search, patch) {
  const src = search.address("picture", patch, { picture: "thumbnail" });
  if (!src) return [];
  const sensors = Object.keys(search.about.sensors).length;
  const alt = search.about.previews.thumbnail ?? "The patch at a glance";
  return [element("img", { src, alt, width: 128 * sensors, height: 128 })];
}

function facts(search, { season, local_season, split, country, lon, lat }) {
  const place = search.about.countries[country] ?? country ?? "no country";
  const side = (value, plus, minus) => `${Math.abs(value).toFixed(4)}° ${value < 0 ? minus : plus}`;
  const rows = {
    Place: place,
    Centre: `${side(lat, "N", "S")}, ${side(lon, "E", "W")}`,
    Season: local_season === season ? season : `${season} (locally ${local_season ?? "unknown"})`,
    Split: split ?? "none",
  };
  const list = element("dl");
  for (const [name, value] of Object.entries(rows))
    list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}

function bars(search, shares) {
  const simplified = shares.cover;
  if (!simplified) return [element("p", {}, "Land cover is not known.")];
  const entries = Object.entries(simplified).sort((a, b) => b[1] - a[1]);
  const list = element("ul", { className: "bars" });
  for (const [name, share] of entries) {
    const bar = element("i");
    bar.style.width = `${100 * share}%`;
    bar.style.background = search.about.cover[name];
    const number = element("span", { className: "number" }, `${(100 * share).toFixed(1)} %`);
    list.append(
      element(
        "li",
        {},
        element("div", { className: "bar" }, element("span", {}, words(name)), number, bar),
      ),
    );
  }
  return [list];
}

function links(search, patch) {
  const list = element("p", { className: "links" });
  const browser = search.address("browser", patch);
  if (browser) list.append(element("a", { href: browser }, "STAC Browser"), " ");
  const item = search.address("item", patch);
  if (item) list.append(element("a", { href: item }, "STAC item"));
  for (const sensor of Object.keys(search.about.sensors)) {
    const recorded = search.href(patch, sensor);
    if (!recorded) continue;
    const file = search.fileName(patch, sensor);
    const href = search.address("files", patch, { file, folder: folderOf(search, patch, sensor) });
    const address = href ?? recorded;
    // A path on the disk of another machine leads nowhere.
    const isLink = href || /^https?:/.test(recorded);
    list.append(
      " ",
      isLink
        ? element("a", { href: address }, sensor)
        : element("code", { title: recorded }, sensor),
    );
  }
  return list;
}

/** The folder of a file in the dataset as it is published. */
function folderOf(search, patch, sensor) {
  const { season, scene } = search.about.scenes[search.columns.scene_id[patch]];
  const values = { roi: search.about.rois[season], season, sensor, scene };
  return search.about.folder.replaceAll(/{(\w+)}/g, (_, name) => values[name]);
}
