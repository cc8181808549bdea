-- Give the values that waiting deltas are the first to name rollups of their own, up to `:most` of a dimension in an environment and
-- month.
insert into ai_dimension_values (environment, dimension, month, value)
select environment, dimension, month, value from (
    select environment, dimension, month, value, (
            select count(*) from ai_dimension_values as known
            where (known.environment, known.dimension, known.month)
                = (named.environment, named.dimension, named.month)
        ) + row_number() over (partition by environment, dimension, month order by since) as place
    from (
        select environment, dimension, date_trunc('month', at, 'UTC') as month, value,
            min(id) as since
        from ai_dimension_deltas where value <> '' group by 1, 2, 3, 4
    ) as named
    where not exists (select from ai_dimension_values as known
        where (known.environment, known.dimension, known.month, known.value)
            = (named.environment, named.dimension, named.month, named.value))
) as numbered where place <= :most order by environment, dimension, month, value
