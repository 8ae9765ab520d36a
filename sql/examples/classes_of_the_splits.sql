-- Land cover of the official train and test parts.
-- One row per simplified class: its mean share in each part, 0 to 1.
WITH shares AS (
    SELECT
        split,
        unnest(map_keys(cover::MAP(VARCHAR, DOUBLE))) AS class,
        unnest(map_values(cover::MAP(VARCHAR, DOUBLE))) AS share
    FROM patches
    WHERE split IS NOT NULL
)

SELECT
    class,
    round(avg(share) FILTER (split = 'train'), 4) AS train,
    round(avg(share) FILTER (split = 'test'), 4) AS test
FROM shares
GROUP BY class
ORDER BY train DESC, class ASC
