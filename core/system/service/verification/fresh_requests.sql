-- Stands for what a batch has stored: the requests of the day that is set for this transaction.
create temporary view fresh_requests as
select * from copied_requests
where created_at >= current_setting('attune.since')::timestamptz
    and created_at < current_setting('attune.until')::timestamptz
