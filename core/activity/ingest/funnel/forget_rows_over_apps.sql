-- In an environment with one app, its rows hold everything.
delete from subjects
where app = '*' and environment_of(environment) not in (
    select environment from event_apps group by environment having count(*) > 1)
