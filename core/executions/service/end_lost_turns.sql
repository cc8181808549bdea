-- End the turns at a provider that were not given back, as after a kill: those of calls that ended 5 seconds ago. A cancelled call may still
-- be closing its connection.
update provider_turns as turn
set ended_at = clock_timestamp()
where provider = :provider and ended_at is null and not exists (
    select from prompt_executions as execution
    where execution.id = turn.execution_id
        and (status = 'pending' or finished_at > clock_timestamp() - interval '5 seconds')
)
