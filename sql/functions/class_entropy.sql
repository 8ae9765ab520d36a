-- Entropy of the land cover of a patch.
-- shares: a struct of shares by class, such as `igbp`.
-- Shannon entropy in bits: 0 for one class, 1 for two of equal share; null without a land-cover
-- file.
CREATE OR REPLACE MACRO class_entropy(shares) AS
list_sum(list_transform(
    map_values(shares::MAP(VARCHAR, DOUBLE)),
    LAMBDA share: CASE WHEN share > 0 THEN -share * log2(share) ELSE share END
))
