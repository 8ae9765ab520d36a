// The filters: bars with counts, shares of classes, regions; and the question as text and files.

const $ = (id) => document.getElementById(id);
const words = (name) => name.replaceAll("_", " ");
const MOST_BARS = 12;

/** An element with attributes and children. */
export function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

/** The panel; `changed(filters, how)` is told what is asked. */
export function createPanel(search, changed) {
  const { about } = search;
  let filters = {};
  let question = {};
  let form = "SQL";
  let typed = 0;
  let expanded = false;

  fill();
  listen();

  function fill() {
    for (const section of document.querySelectorAll("[data-facet]"))
      section.append(element("ul", { className: "bars" }));
    const hasCover = Object.keys(search.shares.classes).length > 0;
    $("shares").hidden = !hasCover;
    document.querySelector("[data-facet=dominant_cover]").hidden = !about.names.dominant_cover;
    for (const [legend, classes] of Object.entries(search.shares.classes)) {
      const label = legend === "cover" ? "Simplified classes" : about.legends[legend].title;
      const group = element("optgroup", { label });
      for (const name of classes) group.append(new Option(words(name), `${legend}.${name}`));
      $("class").append(group);
    }
    for (const [name, title] of Object.entries(about.sensors)) {
      $("sensor").append(new Option(name, name));
      $("sensors").append(checkbox("sensor", name, `${name}: ${title}`));
    }
    $("sensors").append(checkbox("complete", "true", "all files"));
    for (const name of ["SQL", "Python", "Command line", "CQL2"]) {
      const tab = element("button", { type: "button", textContent: name });
      tab.setAttribute("role", "tab");
      tab.addEventListener("click", () => {
        form = name;
        showText();
      });
      $("forms").append(tab);
    }
  }

  function checkbox(name, value, title) {
    const input = element("input", { type: "checkbox", name, value });
    input.addEventListener("change", () => {
      if (name === "complete") set({ complete: input.checked ? true : undefined });
      else toggle(name, value);
    });
    return element("label", { className: "check" }, input, title);
  }

  function listen() {
    $("panel").addEventListener("submit", (event) => event.preventDefault());
    $("panel").addEventListener("reset", () => set({}, { whole: true }));
    $("region").addEventListener("input", suggest);
    $("region").addEventListener("keydown", (event) => {
      if (event.key === "Enter") addRegion($("region").value);
      if (event.key === "ArrowDown") $("suggestions").querySelector("button")?.focus();
      if (event.key === "Escape") closeSuggestions();
    });
    $("class").addEventListener("change", () => {
      if ($("class").value) set({ cover: [...(filters.cover ?? []), `${$("class").value}>=0.5`] });
      $("class").value = "";
    });
    $("copy").addEventListener("click", async () => {
      await navigator.clipboard.writeText($("text").textContent);
      $("copy").textContent = "Copied";
      setTimeout(() => ($("copy").textContent = "Copy"), 1500);
    });
    for (const button of document.querySelectorAll("[data-list]"))
      button.addEventListener("click", () => download(button.dataset.list, button.dataset.suffix));
    $("sheet").addEventListener("click", () => {
      const open = document.body.classList.toggle("open");
      $("sheet").setAttribute("aria-expanded", open);
    });
  }

  async function download(format, suffix) {
    const sensors = $("sensor").value ? [$("sensor").value] : Object.keys(about.sensors);
    try {
      const text = await search.list(format, filters, sensors);
      const href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
      element("a", { href, download: `${about.id}-${suffix}` }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60_000);
    } catch (error) {
      refuse(error.message);
    }
  }

  function set(values, { whole = false, ...how } = {}) {
    filters = whole ? values : { ...filters, ...values };
    for (const [name, value] of Object.entries(filters))
      if (value === undefined || value.length === 0) delete filters[name];
    show(filters);
    changed(filters, how);
  }

  function toggle(name, value) {
    const values = filters[name] ?? [];
    const left = values.filter((other) => other !== value);
    set({ [name]: left.length < values.length ? left : [...values, value] });
  }

  async function suggest() {
    const number = ++typed;
    const text = $("region").value;
    const found = text.trim() ? await search.suggest(text) : [];
    if (number !== typed) return;
    $("suggestions").replaceChildren(
      ...found.map(({ kind, name }) => {
        const button = element("button", { type: "button" }, name, " ", element("small", {}, kind));
        button.addEventListener("click", () => addRegion(`${kind}:${name}`));
        button.addEventListener("keydown", step);
        const item = element("li", {}, button);
        item.setAttribute("role", "option");
        return item;
      }),
    );
    $("suggestions").hidden = !found.length;
    $("region").setAttribute("aria-expanded", found.length > 0);
  }

  function step(event) {
    const item = event.target.closest("li");
    const next = { ArrowDown: item.nextSibling, ArrowUp: item.previousSibling }[event.key];
    if (event.key === "Escape") closeSuggestions();
    if (!next) return;
    event.preventDefault();
    next.querySelector("button").focus();
  }

  function closeSuggestions() {
    typed++;
    $("suggestions").hidden = true;
    $("region").setAttribute("aria-expanded", false);
  }

  /** Ask for one region more, unless there is none of that name. */
  async function addRegion(text) {
    closeSuggestions();
    if (!text.trim()) return;
    try {
      await search.region(text);
    } catch (error) {
      refuse(error.message);
      for (const button of await nearNames(text)) $("error").append(" ", button);
      return;
    }
    $("region").value = "";
    const name = $("inside").value;
    const chosen = filters[name] ?? [];
    if (chosen.includes(text)) return;
    set({ [name]: [...chosen, text] }, { zoom: name === "region" });
  }

  async function nearNames(text) {
    const near = await search.suggest(text);
    return near.slice(0, 3).map(({ kind, name }) => {
      const button = element("button", { type: "button", textContent: name });
      button.addEventListener("click", () => addRegion(`${kind}:${name}`));
      return button;
    });
  }

  /** Let the form say what is asked. */
  function show(given) {
    filters = { ...given };
    $("regions").replaceChildren(
      ...["region", "not_region"].flatMap((name) =>
        (filters[name] ?? []).map((text) => chip(name, text)),
      ),
    );
    $("bounds").replaceChildren(...(filters.cover ?? []).map(bound));
    for (const input of document.querySelectorAll("#sensors input"))
      input.checked =
        input.name === "complete"
          ? filters.complete === true
          : (filters.sensor ?? []).includes(input.value);
  }

  function chip(name, text) {
    const short = /^[A-Z]+ *\(|^\{/i.test(text) ? "drawn polygon" : text.replace(/^\w+:/, "");
    const button = element("button", { type: "button", title: "Remove" }, "×");
    button.setAttribute("aria-label", `Remove ${short}`);
    button.addEventListener("click", () =>
      set({ [name]: filters[name].filter((other) => other !== text) }),
    );
    return element("li", {}, name === "region" ? short : `not ${short}`, button);
  }

  /** Two sliders for the share of a class. */
  function bound(text, number) {
    const bounds = search.boundsOf(text);
    const { legend, name } = bounds[0];
    const low = bounds.find(({ operator }) => operator.includes(">") || operator === "=");
    const high = bounds.find(({ operator }) => operator.includes("<") || operator === "=");
    const label = legend === "cover" ? words(name) : `${legend} ${words(name)}`;
    const sliders = [low?.value ?? 0, high?.value ?? 1].map((value, side) => {
      const what = `${side ? "At most" : "At least"}, share of ${label}`;
      const slider = element("input", { type: "range", min: 0, max: 100, step: 1 });
      slider.value = value * 100;
      slider.setAttribute("aria-label", what);
      slider.setAttribute("aria-valuetext", `${Math.round(value * 100)} %`);
      return slider;
    });
    const said = element("output", {}, inPercent(low?.value ?? 0, high?.value ?? 1));
    const read = (follows) => {
      const [least, most] = sliders.map((slider) => slider.value / 100).sort((a, b) => a - b);
      const prefix = `${legend}.${name}`;
      const written =
        most === 1
          ? `${prefix}>=${least}`
          : least === 0
            ? `${prefix}<=${most}`
            : `${prefix}=${least}..${most}`;
      const cover = filters.cover.map((other, i) => (i === number ? written : other));
      said.textContent = inPercent(least, most);
      filters = { ...filters, cover };
      changed(filters, { follows });
    };
    for (const slider of sliders) {
      slider.addEventListener("input", () => read(true));
      slider.addEventListener("change", () => read(false));
    }
    const remove = element("button", { type: "button", title: "Remove" }, "×");
    remove.setAttribute("aria-label", `Remove ${label}`);
    remove.addEventListener("click", () =>
      set({ cover: filters.cover.filter((_, i) => i !== number) }),
    );
    return element("li", {}, element("b", {}, label), said, remove, ...sliders);
  }

  /** What the answer is: counts, bars, texts. */
  function answer(found, written, given) {
    question = written;
    $("error").textContent = "";
    const scenes = found.scenes.filter(({ count }) => count).length;
    const number = element("b", {}, found.count.toLocaleString("en"));
    const patches = found.count === 1 ? "patch" : "patches";
    const rest = ` ${patches} in ${scenes} scene${scenes === 1 ? "" : "s"}`;
    $("count").replaceChildren(
      number,
      found.count ? rest : " patches: no patch passes all filters",
    );
    for (const section of document.querySelectorAll("[data-facet]")) bars(section, found, given);
    showText();
    for (const button of document.querySelectorAll("#copy, [data-list]")) button.disabled = false;
  }

  function bars(section, found, given) {
    const facet = section.dataset.facet;
    const tally = found.facets[facet];
    if (!tally) return;
    const chosen = given[facet] ?? [];
    let entries = Object.entries(tally);
    if (facet === "dominant_cover")
      entries = Object.keys(about.cover).map((name) => [name, tally[name] ?? 0]);
    if (facet === "local_season") {
      const order = Object.keys(found.facets.season);
      entries.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
    }
    if (facet === "country") {
      entries = entries.filter(([name, count]) => count || chosen.includes(name));
      entries.sort((a, b) => b[1] - a[1]);
    }
    const most = Math.max(1, ...entries.map(([, count]) => count));
    const shown = expanded || entries.length <= MOST_BARS ? entries : entries.slice(0, MOST_BARS);
    const focused = document.activeElement?.dataset.value;
    const list = section.querySelector("ul");
    list.replaceChildren(
      ...shown.map(([name, count]) => bar(facet, name, count / most, count, chosen)),
    );
    if (shown.length < entries.length) list.append(element("li", {}, expander(entries.length)));
    if (focused) list.querySelector(`[data-value="${CSS.escape(focused)}"]`)?.focus();
  }

  function expander(all) {
    const button = element("button", { type: "button", textContent: `all ${all}` });
    button.addEventListener("click", () => {
      expanded = true;
      changed(filters, { follows: true });
    });
    return button;
  }

  function bar(facet, name, share, count, chosen) {
    const label = facet === "country" ? (about.countries[name] ?? name) : words(name);
    const button = element(
      "button",
      { type: "button", className: "bar" },
      element("span", {}, label),
      element("span", { className: "number" }, count.toLocaleString("en")),
      element("i"),
    );
    button.dataset.value = `${facet}:${name}`;
    button.setAttribute("aria-pressed", chosen.includes(name));
    button.lastChild.style.width = `${100 * share}%`;
    if (facet === "dominant_cover") button.lastChild.style.background = about.cover[name];
    button.addEventListener("click", () => toggle(facet, name));
    return element("li", {}, button);
  }

  function showText() {
    $("text").textContent = question[form] ?? "";
    for (const tab of $("forms").children)
      tab.setAttribute("aria-selected", tab.textContent === form);
  }

  /** A sentence on what was not understood; the answer stands. */
  function tell(sentence) {
    $("error").textContent = sentence;
  }

  /** The old answer is not the answer any more. */
  function refuse(sentence) {
    tell(sentence);
    if (!Object.keys(question).length) $("count").textContent = "";
    document.body.dataset.state = "refused";
    for (const button of document.querySelectorAll("#copy, [data-list]")) button.disabled = true;
  }

  return { show, answer, tell, refuse, addRegion };
}

/** Bounds of a share, for people. */
function inPercent(least, most) {
  return `${Math.round(least * 100)} to ${Math.round(most * 100)} %`;
}
