-- Stands for what a batch has stored: the events of the day that is set for this transaction.
create temporary view fresh_events as
select * from copied_events
where created_at >= current_setting('attune.since')::timestamptz
    and created_at < current_setting('attune.until')::timestamptz
