-- Patches that lack a file, or have findings.
-- One row per patch: which files are there, and what the audit found.
SELECT
    id,
    s1 IS NOT NULL AS has_s1,
    s2 IS NOT NULL AS has_s2,
    lc IS NOT NULL AS has_lc,
    issues
FROM patches
WHERE NOT complete OR len(issues) > 0
ORDER BY id
