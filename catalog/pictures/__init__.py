"""Figures: maps, bars and sheets of patches. Only here: matplotlib, when it is used."""
