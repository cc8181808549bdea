-- Start the calls whose turn it is at a provider, in the order in which they came. The provider's row is locked: one counts at a time.
with held as (
    -- least() ignores a limit that is not set; without both, `free` is null.
    select least(
        cast(:max_concurrent as int) - count(*) filter (where ended_at is null),
        cast(:calls_per_minute as int)
            - count(*) filter (where started_at > clock_timestamp() - interval '1 minute')
    ) as free
    from provider_turns
    where provider = :provider and started_at is not null
), waiting as (
    select id, row_number() over (order by id) as place
    from provider_turns
    where provider = :provider and started_at is null and ended_at is null
)
-- Not now(), which is from before this transaction waited for the provider's row.
update provider_turns as turn
set started_at = clock_timestamp()
from waiting, held
where turn.id = waiting.id and (held.free is null or waiting.place <= held.free)
returning turn.id
