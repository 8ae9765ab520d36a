// The patches on their canvas: scenes from afar, cells from near, outlines and pictures on top.

export const PATCHES_BELOW = 900; // map units a pixel; from there on, patches are drawn, not scenes
const PICTURES_BELOW = 45; // a picture is some 30 pixels wide then
const SMALL = 9; // pixels; scenes that would be smaller are drawn as dots
export const NONE = "#8a8f94"; // a patch whose land cover is not known
const LEFT_OUT = "#c9ced2";
const INK = "#22303a";
const ACCENT = "#0b5f68";

/** What draws frames of the map. */
export function createPainter(search, world, scenes, pictures) {
  const { about, columns } = search;
  const covers = about.names.dominant_cover ?? [];
  const colors = covers.map((name) => about.cover[name]);
  const canvas = document.createElement("canvas");
  canvas.className = "patches";

  function colorOf(patch) {
    return colors[columns.dominant_cover?.[patch]] ?? NONE;
  }

  /** Draw what is in sight: an answer, regions, the patch that is marked, the one pointed at. */
  function draw(frame, { shown, regions, marked, pointed }) {
    const [width, height] = frame.size;
    const ratio = frame.pixelRatio;
    if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    const { resolution, center } = frame.viewState;
    const sight = {
      context,
      resolution,
      x: (value) => (value - center[0]) / resolution + width / 2,
      y: (value) => (center[1] - value) / resolution + height / 2,
      extent: frame.extent,
    };
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    drawRegions(sight, regions);
    if (!shown) return canvas;
    if (resolution < PATCHES_BELOW) {
      drawPatches(sight, shown);
      outline(sight, pointed, INK, 1.5);
      outline(sight, marked, "#ffffff", 5);
      outline(sight, marked, ACCENT, 2.5);
    } else drawScenes(sight, shown);
    return canvas;
  }

  function drawRegions({ context, x, y }, regions) {
    for (const name of ["region", "not_region"]) {
      context.beginPath();
      for (const { edges } of regions[name])
        for (let i = 0; i < edges.length; i += 4) {
          context.moveTo(x(edges[i]), y(edges[i + 1]));
          context.lineTo(x(edges[i + 2]), y(edges[i + 3]));
        }
      context.setLineDash(name === "region" ? [] : [6, 5]);
      context.strokeStyle = name === "region" ? ACCENT : "#b3261e";
      context.lineWidth = 2;
      context.stroke();
    }
    context.setLineDash([]);
  }

  function inSight({ extent }) {
    const [west, south, east, north] = extent;
    const found = [];
    const { xmin, ymin, xmax, ymax } = world.boxes;
    for (let i = 0; i < xmin.length; i++)
      if (xmin[i] <= east && xmax[i] >= west && ymin[i] <= north && ymax[i] >= south) found.push(i);
    return found;
  }

  function trace(context, sight, points, from, to) {
    context.moveTo(sight.x(points.x[from]), sight.y(points.y[from]));
    for (let j = from + 1; j < to; j++) context.lineTo(sight.x(points.x[j]), sight.y(points.y[j]));
    context.closePath();
  }

  /** The cells of the patches, by colour; each cell is the ground that a patch shares with nobody. */
  function drawPatches(sight, shown) {
    const { context, resolution } = sight;
    const groups = new Map();
    const found = inSight(sight);
    for (const patch of found) {
      const color = shown.selected[patch] ? colorOf(patch) : LEFT_OUT;
      if (!groups.has(color)) groups.set(color, []);
      groups.get(color).push(patch);
    }
    for (const [color, members] of groups) {
      context.beginPath();
      for (const patch of members) cell(context, sight, patch);
      context.fillStyle = color === LEFT_OUT ? `${color}99` : color;
      context.fill();
      if (resolution < 120) {
        context.strokeStyle = "#ffffff66";
        context.lineWidth = 0.7;
        context.stroke();
      }
    }
    if (pictures.chosen && resolution < PICTURES_BELOW)
      pictures.draw(
        sight,
        found.filter((patch) => shown.selected[patch]),
      );
  }

  function cell(context, sight, patch) {
    for (let part = columns.polygons[patch]; part < columns.polygons[patch + 1]; part++)
      trace(context, sight, world.cells, columns.corners[part], columns.corners[part + 1] - 1);
  }

  function outline(sight, patch, color, width) {
    if (patch === null) return;
    const { context } = sight;
    context.beginPath();
    for (let part = columns.polygons[patch]; part < columns.polygons[patch + 1]; part++)
      trace(context, sight, world, columns.corners[part], columns.corners[part + 1] - 1);
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }

  function drawScenes(sight, shown) {
    const { context, resolution } = sight;
    const numbers = [...scenes.keys()];
    // Scenes with selected patches lie on top of the others.
    numbers.sort((a, b) => Math.sign(shown.scenes[a].count) - Math.sign(shown.scenes[b].count));
    for (const number of numbers) {
      const [west, south, east, north] = scenes[number];
      if (west > east) continue;
      const { count, cover } = shown.scenes[number];
      const color = count ? (about.cover[cover] ?? NONE) : LEFT_OUT;
      context.beginPath();
      if ((east - west) / resolution > SMALL)
        context.rect(
          sight.x(west),
          sight.y(north),
          (east - west) / resolution,
          (north - south) / resolution,
        );
      else
        context.arc(sight.x((west + east) / 2), sight.y((south + north) / 2), count ? 5 : 3, 0, 7);
      context.fillStyle = color;
      context.fill();
      context.strokeStyle = count ? INK : "#8a8f94";
      context.lineWidth = count ? 1.2 : 0.6;
      context.stroke();
    }
  }

  return draw;
}
