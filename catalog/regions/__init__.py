"""Places of the Earth that have a name: countries and states, and polygons in small pieces."""
