// Filters as the page's URL has them: names without regard to case, shares of classes. The rules are
// those of `Catalog.select`.

const SYNONYMS = { autumn: "fall" };
const NUMBER = String.raw`[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*%?`;
const NAME = String.raw`([A-Za-z][\w. -]*?)`;
const COMPARISON = new RegExp(String.raw`^\s*${NAME}\s*(>=|<=|==?|>|<)\s*(${NUMBER})\s*$`);
const BETWEEN = new RegExp(String.raw`^\s*(${NUMBER})\s*(<=?)\s*${NAME}\s*(<=?)\s*(${NUMBER})\s*$`);
const RANGE = new RegExp(String.raw`^\s*${NAME}\s*(?:[=:]\s*)?(${NUMBER})\.\.(${NUMBER})\s*$`);

export const COMPARE = {
  ">=": (share, value) => share >= value,
  "<=": (share, value) => share <= value,
  ">": (share, value) => share > value,
  "<": (share, value) => share < value,
  "=": (share, value) => share === value,
};

/** What a user can mend. */
export class FilterError extends Error {}

/** One of the known names, whatever its case; a sentence if there is none. */
export function nameOf(what, text, known) {
  const folded = text.trim().toLowerCase();
  const found = known.find((name) => name.toLowerCase() === (SYNONYMS[folded] ?? folded));
  if (found === undefined)
    throw new FilterError(`there is no ${what} '${text}': it is one of ${known.join(", ")}`);
  return found;
}

/** The names that a filter can have; undefined where it takes any text. */
export function knownNames(filter, { names, splits, cover, sensors }) {
  const known = {
    season: names.season,
    local_season: names.season,
    split: splits,
    country: names.country,
    dominant_cover: Object.keys(cover),
    sensor: Object.keys(sensors),
  };
  return known[filter];
}

/** The bounds that a text sets: 'forest>=0.5', 'forest<50%', 'igbp.savanna=0.2..0.5'. */
export function boundsOf(text, shares) {
  let match;
  let name;
  let bounds;
  if ((match = RANGE.exec(text))) {
    name = match[1];
    bounds = [
      [">=", match[2]],
      ["<=", match[3]],
    ];
  } else if ((match = BETWEEN.exec(text))) {
    name = match[3];
    bounds = [
      [match[2].replace("<", ">"), match[1]],
      [match[4], match[5]],
    ];
  } else if ((match = COMPARISON.exec(text))) {
    name = match[1];
    bounds = [[match[2].replace("==", "="), match[3]]];
  } else {
    throw new FilterError(
      `'${text}' is not a condition: write 'forest>=0.5', 'forest<50%' or 'forest=0.2..0.5'`,
    );
  }
  const [legend, label] = classOf(name, shares);
  const found = bounds.map(([operator, number]) => ({
    legend,
    name: label,
    operator,
    value: shareOf(name, number),
  }));
  if (found.length === 2 && found[0].value > found[1].value)
    throw new FilterError(`'${text}' is in the wrong order: give the lowest share first`);
  return found;
}

function shareOf(name, text) {
  const number = text.trim();
  const value = parseFloat(number) / (number.endsWith("%") ? 100 : 1);
  if (value >= 0 && value <= 1) return value;
  throw new FilterError(
    `${name} ${number} is not a share: give a number from 0 to 1, or 0% to 100%`,
  );
}

/** Legend and class of a name; the simplified classes come first, then those that they sum up. */
function classOf(written, { classes, first }) {
  const parts = written
    .trim()
    .replaceAll(/[\s-]+/g, "_")
    .toLowerCase()
    .split(".");
  const short = parts.pop();
  const legends = parts.length ? [parts.join(".")] : Object.keys(classes);
  const found = legends.filter((legend) => classes[legend]?.includes(short));
  if (!found.length)
    throw new FilterError(
      `there is no land-cover class '${written}': choose one from the list of classes`,
    );
  if (found.length === 1 || first.includes(found[0])) return [found[0], short];
  const options = found.map((legend) => `${legend}.${short}`).join(" or ");
  throw new FilterError(`'${written}' is a class of several legends: write ${options}`);
}
