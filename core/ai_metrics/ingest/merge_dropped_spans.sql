-- Sum up what exports have added, day by day.
with taken as (delete from dropped_spans returning day, environment, app, spans)
insert into dropped_spans (day, environment, app, spans)
select day, environment, app, sum(spans) from taken group by day, environment, app order by 1, 2, 3
