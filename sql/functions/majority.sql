-- Dominant class, if it has at least a share of a patch.
-- shares: a struct of shares by class, such as `cover`; threshold: a share, 0 to 1.
-- The name of the largest class if its share reaches the threshold, else null.
CREATE OR REPLACE MACRO majority(shares, threshold) AS
CASE
    WHEN list_max(map_values(shares::MAP(VARCHAR, DOUBLE))) >= threshold THEN dominant(shares)
END
