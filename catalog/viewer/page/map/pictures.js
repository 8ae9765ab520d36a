// Pictures of the patches, laid on their cells.

const MOST_KEPT = 1500;
const MOST_DRAWN = 700;

/** Pictures of one kind; `loaded()` is told when another one can be drawn. */
export function createPictures(search, world, loaded) {
  const kept = new Map();
  let chosen = "";

  function imageOf(patch) {
    const address = search.address("picture", patch, { picture: chosen });
    let image = kept.get(address);
    if (!image) {
      image = new Image();
      image.onload = loaded;
      image.src = address;
      kept.set(address, image);
      if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    }
    return image;
  }

  /** Draw the middle of a picture on a cell: an affine map of three corners. */
  function draw({ context, x, y }, patch) {
    const image = imageOf(patch);
    if (!image.complete || !image.naturalWidth) return;
    const { left, right, bottom } = cornersOf(patch);
    const size = image.naturalWidth / 2;
    const [ax, ay] = [x(left[0]), y(left[1])];
    context.save();
    context.transform(
      (x(right[0]) - ax) / size,
      (y(right[1]) - ay) / size,
      (x(bottom[0]) - ax) / size,
      (y(bottom[1]) - ay) / size,
      ax,
      ay,
    );
    context.drawImage(image, size / 2, size / 2, size, size, 0, 0, size, size);
    context.restore();
  }

  /** Upper left, upper right and lower left corner of a cell. */
  function cornersOf(patch) {
    const { corners, polygons } = search.columns;
    const [from, to] = [corners[polygons[patch]], corners[polygons[patch] + 1] - 1];
    const points = [];
    for (let j = from; j < to; j++) points.push([world.cells.x[j], world.cells.y[j]]);
    const most = (score) => points.reduce((a, b) => (score(b) > score(a) ? b : a));
    return {
      left: most(([px, py]) => py - px),
      right: most(([px, py]) => py + px),
      bottom: most(([px, py]) => -py - px),
    };
  }

  return {
    get chosen() {
      return chosen;
    },
    choose(name) {
      chosen = search.about.picture ? name : "";
      loaded();
    },
    draw(sight, patches) {
      for (const patch of patches.slice(0, MOST_DRAWN)) draw(sight, patch);
    },
  };
}
