-- Share of several classes together.
-- shares: a struct of shares by class, such as `igbp`; classes: list of class names.
-- A share, 0 to 1; null without a land-cover file; an error if there is no such class.
CREATE OR REPLACE MACRO share_of(shares, classes) AS
CASE
    WHEN list_has_all(map_keys(shares::MAP(VARCHAR, DOUBLE)), classes)
        THEN list_sum(list_transform(
            list_distinct(classes), LAMBDA class: (shares::MAP(VARCHAR, DOUBLE))[class]
        ))
    WHEN shares IS NOT NULL
        THEN error(
            'there is no class ' || list_transform(
                list_filter(
                    classes,
                    LAMBDA class: NOT list_contains(map_keys(shares::MAP(VARCHAR, DOUBLE)), class)
                ),
                LAMBDA class: class || did_you_mean(class, map_keys(shares::MAP(VARCHAR, DOUBLE)))
            )[1]
        )
END
