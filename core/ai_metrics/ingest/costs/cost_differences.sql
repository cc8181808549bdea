-- What changes for each model.
select provider, model, count(*), coalesce(sum(was), 0), coalesce(sum(cost), 0),
    count(*) filter (where was is null and cost is not null), count(*)
        filter (where was is not null and cost is null)
from repriced_requests group by provider, model order by provider, model
