"""Statistics of evaluations: consistency over runs, intervals of scores, and paired comparisons."""
