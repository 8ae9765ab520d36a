-- Which database do names mean while the macros are made?
USE catalog
