-- Take calls of tools, `late_calls`, out of the half hours again: those that were counted without a duration.
insert into tool_deltas (at, environment, app, tool, calls, errors, durations, duration_ms)
select date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00'), environment, app,
    coalesce(left(call ->> 'name', 200), ''), -count(*), -count(*)
        filter (where call ? 'error'), 0, 0
from late_calls, lateral jsonb_array_elements(tool_calls) as call group by 1, 2, 3, 4
