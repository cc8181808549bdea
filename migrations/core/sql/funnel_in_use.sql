-- The version of the workspace's funnel that `subjects` holds, for whoever changes subjects: nobody applies another version, or
-- gives an event type a code, until the caller's transaction has ended. The lock is a statement of its own, so that the next one
-- sees what was committed while it waited. The number is Lock.FUNNEL in core/database/locks.py.
create function funnel_in_use() returns uuid language plpgsql volatile as $$
begin
    perform pg_advisory_xact_lock_shared(1635021951);
    return (select id from funnel_versions where is_applied);
end $$;
