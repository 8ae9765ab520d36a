"""Named regions: countries and states, subdivided into small polygons."""
