-- The quotas that apply to an actor: an account has a role, a key has none.
select id, scope, measure, period, amount, only_observes,
    case when scope = 'workspace' then '00000000-0000-0000-0000-000000000000' else cast(:actor as uuid) end as subject
from quotas
where scope = 'workspace'
    or scope = 'role' and role = cast(:role as text)
    or scope = 'account' and account_id = :actor
    or scope = 'key' and key_id = :actor
order by id
