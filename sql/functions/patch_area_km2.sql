-- Area of a patch.
-- No parameters.
-- Square kilometres.
CREATE OR REPLACE MACRO patch_area_km2() AS
6.5536::DOUBLE
