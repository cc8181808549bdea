-- Reserve the most that a call may use of each quota that applies to it. The counters are locked in one order until the commit, so that
-- calls at the same time see what the others reserved.
with wanted as (
    select quotas.id as quota_id, given.subject,
        date_trunc(quotas.period, cast(:now as timestamptz), 'UTC') as period_start,
        case quotas.measure when 'calls' then cast(:calls as numeric)
            when 'tokens' then cast(:tokens as numeric) else cast(:cost as numeric) end as amount,
        quotas.amount as most
    from unnest(cast(:quotas as uuid[]), cast(:subjects as uuid[])) as given (quota_id, subject)
    join quotas on quotas.id = given.quota_id
), reserved as (
    insert into usage_counters as counter (quota_id, subject, period_start, reserved, over)
    select quota_id, subject, period_start, amount, (amount > most)::int
    from wanted order by quota_id, subject, period_start
    on conflict (quota_id, subject, period_start) do update set
        reserved = counter.reserved + excluded.reserved,
        -- A further round counts only where it is the one that goes beyond: its call is counted once
        over = counter.over + (
            select (counter.used + counter.reserved + excluded.reserved > amount
                and (cast(:calls as int) > 0 or counter.used + counter.reserved <= amount))::int
            from quotas where id = excluded.quota_id)
    returning quota_id, used, reserved
), noted as (
    insert into usage_reservations as known (execution_id, quota_id, subject, period_start, amount)
    select :execution_id, quota_id, subject, period_start, amount from wanted
    on conflict (execution_id, quota_id) do update set amount = known.amount + excluded.amount
)
select wanted.quota_id, wanted.amount, wanted.most, reserved.used,
    reserved.used + reserved.reserved - wanted.amount as taken
from wanted join reserved using (quota_id)
order by wanted.quota_id
