"""What is on disk: names, headers, land-cover pixels, folders."""
