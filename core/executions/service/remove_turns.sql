-- Remove the turns at a provider that no limit counts any more, and return how many of them had waited in vain.
with removed as (
    delete from provider_turns
    where provider = :provider and ended_at is not null
        and (started_at is null or started_at < clock_timestamp() - interval '1 minute')
    returning started_at
)
select count(*) from removed where started_at is null
