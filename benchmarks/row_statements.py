"""Statements that make events and AI requests for rows.py, and what is derived from them."""

# A few come often and most seldom; in the middle of a day more than at its ends.
CHANCES = """
select {first} + n as n, %(since)s + %(length)s * ((random() + random() + random()) / 3) as
    created_at,
    floor(%(users)s * power(random(), 1.5))::int as who, random() as a, random() as b,
        random() as c,
    exp(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) as spread
from generate_series(1, %(rows)s) as n"""

EVENTS = """
insert into staged_events (id, created_at, external_id, user_id, user_name, session_id, event_type,
    event_category, event_data,
    error_code, ip_address, environment, app, release)
select md5('event' || n)::uuid, created_at, 'event-' || n, case when a < 0.7 then id end, case
    when a < 0.7 then name end,
    'session-' || who || '-' || (extract(day from created_at)::int / 3), kind,
        split_part(kind, '.', 1),
    case when c < 0.5 then '{"page": "/boards", "n": ' || n || '}' end,
    case when kind like '%%_error' then 'E' || floor(c * 40)::int end, '10.0.0.' || who %% 250,
    case when c < 0.03 then 'staging' else 'production' end, case when n %% 5 < 4 then 'web'
        else 'mobile' end, '1.' || n %% 3
from (select *, {kinds} as kind
    from ({chances}) as chances) as made
join load_users on who = number"""

REQUESTS = """
insert into staged_requests (id, created_at, external_id, conversation_id, user_id, user_name,
    provider, model, operation,
    environment, app, release, input_tokens, output_tokens, cached_tokens, total_tokens,
        first_token_ms, total_latency_ms,
    tool_calls_count, tool_calls, finish_reason, status, error_type, cost, cost_source,
    prompt_name, prompt_version, experiment_arm)
select md5('request' || n)::uuid, created_at, 'request-' || n, md5('conversation' || n / 4)::uuid,
    id, name,
    case when model %% 3 = 0 then 'anthropic' else 'openai' end, 'model-' || model, 'chat',
    case when c < 0.03 then 'staging' else 'production' end, case when n %% 5 < 4 then 'web'
        else 'mobile' end, '1.' || n %% 3,
    input, output, input / 3, input + output, (200 * spread)::int,
        (900 * spread)::int + output * 12,
    case when c < 0.1 then 1 else 0 end,
    case when c < 0.1 then '[{"name": "tool-' || n %% 9 || '", "duration_ms": ' ||
        (80 * spread)::int || '}]' end,
    case when b < 0.98 then 'stop' end, case when b < 0.98 then 'ok' else 'error' end,
    case when b >= 0.98 then (array['timeout', 'rate_limited', 'server_error'])[1 + n %% 3] end,
    (input * 15 + output * 60) * (1 + model %% 5), 'reported',
    'support', (n %% 7)::text, (array['a', 'b'])[1 + n %% 2]
from (select *, floor(20 * power(a, 2.5))::int as model, (400 * spread * (1 + b))::int as input,
    (150 * (0.2 + c))::int as output
    from ({chances}) as chances) as made
join load_users on who = number"""

# What the triggers of user_days would do, once for all days.
SPANS = """
insert into user_spans (user_id, environment, app, first_day, last_day)
select user_id, environment, place, min(day), max(day)
from user_days cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3
on conflict (user_id, environment, app) do update
    set first_day = least(user_spans.first_day, excluded.first_day),
        last_day = greatest(user_spans.last_day, excluded.last_day)"""
COUNTS = """
insert into user_day_counts (environment, app, day, previous_day, users)
select environment, place, day, previous_day, count(*)
from (
    select environment, place, day, lag(day, 1, '-infinity')
        over (partition by user_id, environment, place order by day)
        as previous_day
    from (
        select distinct user_id, environment, place, day
        from user_days cross join lateral (values (app), ('*')) as each (place)
    ) as days
) as journeys group by 1, 2, 3, 4"""
WEEKS = """
insert into user_week_counts (environment, app, first_week, week, users)
select environment, place, first_week, week, count(*) from (
    select environment, place, week_of(day) as week, min(week_of(day))
        over (partition by user_id, environment, place) as first_week
    from user_days cross join lateral (values (app), ('*')) as each (place)
    group by user_id, environment, place, week_of(day)
) as weeks group by 1, 2, 3, 4"""
# Segments are made of traits.
TRAITS = """
update users set traits = jsonb_build_object('plan',
    (array['free', 'pro', 'team'])[1 + (hashtext(external_id) & 1023) % 3])"""
