"""Statistics: rates, means, consistency over runs, intervals of scores, paired comparisons."""
