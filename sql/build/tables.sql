-- Keep the answers of the views as tables of the attached database, and what they are made from.
CREATE TABLE catalog.patches AS FROM memory.patches;
CREATE TABLE catalog.scenes AS FROM memory.scenes;
CREATE TABLE catalog.landcover_classes AS FROM memory.landcover_classes;
CREATE TABLE catalog.regions AS FROM memory.regions;
CREATE TABLE catalog.region_names AS FROM memory.region_names;
CREATE TABLE catalog.members AS FROM memory.members;
CREATE SCHEMA catalog.internal;
CREATE TABLE catalog.internal.made_from AS
SELECT sha256(content) AS items_sha256 FROM read_blob(getvariable('items'));
