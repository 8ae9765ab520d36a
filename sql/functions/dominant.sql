-- Class with the largest share.
-- shares: a struct of numbers by class, such as `igbp` or `cover`.
-- The class's name; of equal shares the first of the legend; null if all are null or 0.
CREATE OR REPLACE MACRO dominant(shares) AS
CASE
    WHEN list_max(map_values(shares::MAP(VARCHAR, DOUBLE))) > 0
        THEN map_keys(shares::MAP(VARCHAR, DOUBLE))[
            list_position(
                map_values(shares::MAP(VARCHAR, DOUBLE)),
                list_max(map_values(shares::MAP(VARCHAR, DOUBLE)))
            )
        ]
END
