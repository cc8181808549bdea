-- Replace what calls reserved by what they used, once: without a figure, they used the most that they could. The counters are locked
-- in the order in which calls reserve.
with ended as (
    delete from usage_reservations using quotas
    where quotas.id = usage_reservations.quota_id and execution_id = any(cast(:execution_ids as uuid[]))
    returning quota_id, subject, period_start, usage_reservations.amount,
        case measure when 'tokens' then cast(:tokens as numeric)
            when 'cost' then cast(:cost as numeric) end as used
), sums as (
    select quota_id, subject, period_start, sum(amount) as reserved, sum(coalesce(used, amount)) as used
    from ended group by 1, 2, 3
), locked as (
    select quota_id, subject, period_start, sums.reserved, sums.used
    from usage_counters join sums using (quota_id, subject, period_start)
    order by quota_id, subject, period_start for update of usage_counters
)
update usage_counters as counter
set reserved = counter.reserved - locked.reserved, used = counter.used + locked.used
from locked
where (counter.quota_id, counter.subject, counter.period_start)
    = (locked.quota_id, locked.subject, locked.period_start)
