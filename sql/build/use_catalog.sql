-- Which database do names mean?
USE catalog
