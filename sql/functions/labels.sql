-- Classes with at least a share of a patch.
-- shares: a struct of shares by class, such as `cover`; threshold: a share, 0 to 1; the dataset's
-- own multi-label list is that of `cover` at 0.1.
-- A list of class names in the order of the legend; empty without a land-cover file.
CREATE OR REPLACE MACRO labels(shares, threshold) AS
coalesce(
    list_filter(
        map_keys(shares::MAP(VARCHAR, DOUBLE)),
        LAMBDA class: (shares::MAP(VARCHAR, DOUBLE))[class] >= threshold
    ),
    []
)
