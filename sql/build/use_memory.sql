-- Which database do names mean while the views are made?
USE memory
