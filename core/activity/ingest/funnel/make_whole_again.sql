-- In an environment with one app, its rows hold everything.
update subjects set is_whole = true
where not is_whole and environment_of(environment) not in (
    select environment from event_apps group by environment having count(*) > 1)
