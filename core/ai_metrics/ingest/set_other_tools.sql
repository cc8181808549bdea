-- Count waiting deltas of tools of further values with the others, where the places are taken. What came in since places were given waits.
update tool_dimension_deltas as waiting set value = ''
from (
    select environment, dimension, month from ai_dimension_values
    group by environment, dimension, month having count(*) >= :most
) as taken
where (waiting.environment, waiting.dimension, date_trunc('month', waiting.at, 'UTC'))
        = (taken.environment, taken.dimension, taken.month)
    and waiting.value <> '' and not exists (
        select from ai_dimension_values as known
        where (known.environment, known.dimension, known.month, known.value)
            = (taken.environment, taken.dimension, taken.month, waiting.value))
